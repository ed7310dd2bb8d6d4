"""Every address of the desk × every role × every method: who may not is refused; a revoked role bites at once."""

import uuid

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import Http404
from django.test import RequestFactory
from django.urls import URLPattern, get_resolver, resolve, reverse
from django.utils import timezone

from clinic import roles
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from tests import factories
from tests.factories import callbacks, calls, duplicates, hosts, imports, leads
from tests.factories import users as factories_users

pytestmark = pytest.mark.django_db

# Addresses that Django's admin makes for a model, by the end of their name, and the right on the model they need.
OF_A_MODEL = {"changelist": "view", "add": "add", "change": "view", "delete": "delete", "history": "view"}
# What every other address needs, by its name; one of them is enough. A new one without an entry fails the test below.
NEEDS = {
    "content_article": {
        "attention": "content.view_article",
        "preview": "content.change_article",
        "sign_off": "content.sign_off_article",
        "publish": "content.publish_article",
        "schedule": "content.publish_article",
        "unschedule": "content.publish_article",
        "withdraw": "content.change_article",
        "rename": "content.publish_article",
        "comment": "content.sign_off_article content.change_article",
        "answer": "content.change_article",
        "make_link": "content.change_article",
        "call_back_links": "content.change_article",
        "revisions": "content.view_article",
        "revision": "content.view_article",
        "revert": "content.change_article",
    },
    "content_claim": {"check": "content.check_claim"},
    "content_quotation": {"check": "content.check_claim"},
    "content_clinicprofile": dict.fromkeys(["confirm", "drop", "hours"], "content.confirm_clinicprofile"),
    "content_person": {"confirm": "content.confirm_person"},
    "content_legaltext": {"publish": "content.publish_legaltext"},
    "content_crisistext": {"publish": "content.publish_crisistext"},
    "signups_lead": {
        **dict.fromkeys(["assign", "assign_next", "change_status", "log_outreach"], "signups.change_lead"),
        **dict.fromkeys(["undo_outcome", "undo_closing", "bulk_assign_undo"], "signups.change_lead"),
        **dict.fromkeys(["convert", "convert_undo", "mark_refunded", "mark_refunded_undo"], "signups.change_lead"),
        **dict.fromkeys(["tag", "untag", "consent", "mail", "mail_send", "resend_confirmation"], "signups.change_lead"),
        **dict.fromkeys(
            ["bulk_assign", "bulk_change_status", "bulk_tag", "bulk_untag", "bulk_follow_up"], "signups.change_lead"
        ),
        **dict.fromkeys(["duplicates", "distinct_pairs", "unmark_distinct"], "signups.merge_lead"),
        **dict.fromkeys(["merge", "mark_distinct", "merge_undo", "find_duplicate"], "signups.merge_lead"),
        **dict.fromkeys(["import", "import_detail", "import_columns"], "signups.import_lead"),
        **dict.fromkeys(["import_start", "import_cancel", "import_results", "import_undo"], "signups.import_lead"),
        **dict.fromkeys(["text", "address_works"], "signups.change_lead"),
        **dict.fromkeys(["follow_up", "follow_up_change", "follow_up_snooze", "follow_up_done"], "signups.change_lead"),
        **dict.fromkeys(["new", "contact"], "signups.change_lead"),
        **dict.fromkeys(["cancel_trial", "cancel_trial_undo", "request_refund"], "signups.change_lead"),
        **dict.fromkeys(["unsubscribe", "unsubscribe_undo"], "signups.change_lead"),
        "incoming": "signups.add_note",
        **dict.fromkeys(["replies", "reply_handle", "reply_assign"], "signups.work_inboundmessage"),
        "note": "signups.add_note",
        "draft": "signups.change_lead",
        **dict.fromkeys(["save_view", "delete_view"], "signups.view_lead"),
        **dict.fromkeys(["bulk_follow_up", "bulk_job", "bulk_stop"], "signups.change_lead"),
        "erase": "signups.erase_lead",
        "book": "signups.change_onboardingcall",
        "export": "signups.export_lead",
    },
    "signups_callbackrequest": dict.fromkeys(
        ["changelist", "call", "claim", "release", "attempt", "close", "reassign"], "signups.work_callbackrequest"
    ),
    "signups_onboardingcall": {
        **dict.fromkeys(["changelist", "call", "move", "cancel", "undo_cancel"], "signups.change_onboardingcall"),
        **dict.fromkeys(
            ["no_show", "complete", "settle_alert", "wait", "stop_waiting"], "signups.change_onboardingcall"
        ),
        "reassign": "signups.reassign_onboardingcall",
    },
    "signups_host": dict.fromkeys(
        ["renew_feed", "calendars", "calendars_link", "calendars_account", "calendars_disconnect"],
        "signups.change_host signups.change_own_host",
    ),
    "signups_holiday": {
        "federal": "signups.add_holiday",
        "delete": "signups.change_holiday",  # a plan, and no record of anybody
    },
    "signups_staff": {
        **dict.fromkeys(["list", "add", "change", "password", "offboard", "reset"], "signups.manage_staff"),
        "confirm_reset": "signups.confirm_reset",
    },
    "auth_user": {"password_change": "auth.change_user"},
}
NOBODYS = {"autocomplete", "view_on_site"}
EVERY_STAFF = {"index", "my_day", "roles", "stay_signed_in", "login", "logout", "jsi18n"}
EVERY_STAFF |= {"password_change", "password_change_done"}
BY_OTHER_MEANS = {"app_list"}  # shows what its reader may see of an app; nothing of it is a 404
METHODS = ("get", "post", "put", "head", "patch", "delete", "options")
RARE = ("patch", "delete", "options")


def patterns(resolver):
    for pattern in resolver.url_patterns:
        yield from [pattern] if isinstance(pattern, URLPattern) else patterns(pattern)


def desk():
    """Every address that is routed to the desk."""
    return list(patterns(next(each for each in get_resolver().url_patterns if each.namespace == "admin")))


def addresses():
    """Name and arguments of every address of the desk that has a name."""
    for pattern in desk():
        if pattern.name:
            yield pattern.name, dict.fromkeys(pattern.pattern.regex.groupindex) | pattern.pattern.converters


def rights(name):
    """The permissions of which one opens the address."""
    if name in NOBODYS:
        return []
    app, model, page = name.split("_", 2)
    special = NEEDS.get(f"{app}_{model}", {})
    assert page in special or page in OF_A_MODEL, f"{name} is new: say in NEEDS what it needs"
    return special[page].split() if page in special else [f"{app}.{OF_A_MODEL[page]}_{model}"]


def may_open(user, name):
    return any(user.has_perm(permission) for permission in rights(name))


@pytest.fixture
def there(clinic):
    """A record of each kind that the desk shows, by the beginning of its addresses' names: so that no 404 hides that
    nobody asked who is there."""
    made = {factory._meta.model: factory for factory in vars(factories).values() if hasattr(factory, "_meta")}
    models = [Group, *(model for model in admin.site._registry if model in made)]
    lead, _ = leads.LeadFactory.create_batch(2)  # (two: a page of ours asks for an `other`)
    return {
        "signups_lead_import": imports.ImportJobFactory(),
        "signups_lead_merge_undo": duplicates.LeadMergeFactory(),
        "signups_lead_unmark_distinct": duplicates.DistinctLeadPairFactory(),
        **{f"{m._meta.app_label}_{m._meta.model_name}": m._default_manager.first() or made[m]() for m in models},
        "signups_lead": lead,
        "signups_staff": factories_users.UserFactory(username="colleague"),
    }


def address(name, keys, there):
    record = next((record for beginning, record in there.items() if f"{name}_".startswith(f"{beginning}_")), None)
    key = record.pk if record else 1
    known = {
        "content_type_id": 1,
        "app_label": "signups",
        "public_id": getattr(record, "public_id", None) or uuid.uuid4(),
        "other": key + 1,
    }
    if name.startswith("content_article"):
        known["number"] = record.revisions.latest().pk if record else 1
    return reverse(f"admin:{name}", kwargs={argument: known.get(argument, key) for argument in keys})


def test_every_address_says_what_it_needs():
    names = {pattern.name for pattern in desk() if pattern.name} - EVERY_STAFF - BY_OTHER_MEANS
    for name in names:
        assert rights(name) or name in NOBODYS, name
    assert {f"{model}_{page}" for model, pages in NEEDS.items() for page in pages} - names == set()
    nameless = {pattern.lookup_str.rpartition(".")[2] for pattern in desk() if not pattern.name}
    assert nameless == {"RedirectView", "catch_all_view"}  # Django's: to the same addresses as above


def ask(user, method, path, view):
    """The status of the page itself, as the desk's sign-in lets `user` through to it.

    Sessions and cookies are the same for every address, and asked below and over HTTP. What a page raises by mistake is
    raised here.
    """
    request = getattr(RequestFactory(), method)(path)
    request.user, request.session, request.resolver_match = user, SessionStore(), view
    request._messages, request._dont_enforce_csrf_checks = CookieStorage(request), True
    try:
        response = view.func(request, *view.args, **view.kwargs)
        if method in ("get", "post") and hasattr(response, "render"):  # (the same page, whatever else was asked)
            response.render()
    except (PermissionDenied, Http404, BadRequest) as error:
        return {PermissionDenied: 403, Http404: 404, BadRequest: 400}[type(error)]
    except Exception as error:
        error.add_note(f"{user}: {method.upper()} {path}")
        raise
    says_nothing = method == "options" and response.headers.get("Content-Length") == "0"  # but which methods there are
    return 405 if says_nothing else response.status_code


def ask_and_undo(*args):
    with transaction.atomic():
        status = ask(*args)
        transaction.set_rollback(True)
    return status


def test_who_may_not_is_refused_whatever_the_method(there):
    """One walk for all roles. (405: the address takes no such method from anybody, and nothing was done.)"""
    users = {role: factories_users.UserFactory(role=role, username=role or "no role") for role in [*roles.ROLES, None]}
    refused, opened, wrong = dict.fromkeys(users, 0), dict.fromkeys(users, 0), []
    for name, keys in addresses():
        if name in EVERY_STAFF | BY_OTHER_MEANS:
            continue
        path = address(name, keys, there)
        view = resolve(path)
        for role, user in users.items():
            if not may_open(user, name):
                answers = {method: ask(user, method, path, view) for method in METHODS}
                wrong += [
                    f"{user}: {method.upper()} {path} is {status}, and needs {rights(name)}"
                    for method, status in answers.items()
                    if status not in (403, 404, 405)
                ]
                refused[role] += len(answers)
                continue
            answers = {method: ask_and_undo(user, method, path, view) for method in METHODS[:3]}
            if name.endswith("changelist"):
                opened[role] += 1
                if answers["get"] != 200:
                    wrong.append(f"{user}: GET {path} is {answers['get']}, and should open")
    assert wrong == [], "\n".join(wrong)
    assert min(refused.values()) > 150, refused
    assert {role for role, number in opened.items() if number == 0} == {None}, opened


def test_no_rare_method_does_anything_for_who_may(there):
    head = factories_users.UserFactory(role=roles.HEAD)

    def stands():
        changed = admin.site._registry.keys() - {AuditEvent}  # (reading is an event)
        kept = {model._meta.label: model._default_manager.count() for model in changed}
        return kept, AuditEvent.objects.exclude(action__in=[AuditAction.READ, AuditAction.LISTED]).count()

    before = stands()
    for name, keys in addresses():
        if name not in EVERY_STAFF:
            path = address(name, keys, there)
            for method in RARE:
                assert ask(head, method, path, resolve(path)) < 500, (method, name)
    assert stands() == before


def test_strangers_learn_nothing(client, there):
    for name, keys in addresses():
        if name in {"login", "logout", "view_on_site"}:
            continue
        path = address(name, keys, there)
        for method in ("get", "post"):
            response = getattr(client, method)(path)
            assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/admin/login/"), path


def test_revoked_role_bites_on_the_next_request(client, clinic):
    user = factories_users.UserFactory(role=roles.HEAD)
    client.force_login(user)
    page = f"/admin/signups/lead/{leads.LeadFactory().pk}/change/"
    assert client.get(page).status_code == 200
    user.groups.clear()
    assert client.get(page).status_code == 403
    user.is_active = False
    user.save()
    assert client.get(page).status_code == 302


# What whoever has somebody else’s lead on the phone may do; everything else stays with those who work the lead.
IN_TOUCH = {"log_outreach", "note", "draft", "mail", "mail_send", "book", "resend_confirmation", "incoming"}
IN_TOUCH |= {"cancel_trial", "cancel_trial_undo", "request_refund", "unsubscribe", "unsubscribe_undo"}
OF_ONE_LEAD = {
    *("assign", "assign_next", "change_status", "convert", "mark_refunded", "mark_refunded_undo", "tag", "untag"),
    *("consent", "erase"),
} | IN_TOUCH


@pytest.mark.parametrize("how", ["owner", "Head", "claimed the callback", "hosts the call", "called today", "nobody"])
def test_somebody_elses_lead_opens_what_being_in_touch_needs_and_nothing_more(client, clinic, how):
    user = factories_users.UserFactory(role=roles.HEAD if how == "Head" else roles.COORDINATOR)
    lead = leads.LeadFactory(owner=user if how == "owner" else factories_users.UserFactory(role=roles.COORDINATOR))
    now = timezone.now()
    if how == "claimed the callback":
        callbacks.CallbackRequestFactory(lead=lead, claimed_by=user, claimed_at=now)
    elif how == "hosts the call":
        calls.OnboardingCallFactory(lead=lead, host=hosts.HostFactory(user=user))
    elif how == "called today":
        callbacks.CallAttemptFactory(request__lead=lead, attempted_by=user)
    client.force_login(user)

    def may(name):
        address = reverse(f"admin:signups_lead_{name}", args=[lead.pk])
        answers = {client.get(address).status_code, client.post(address, {}).status_code}
        assert answers == {403} or 403 not in answers, (name, answers)
        return 403 not in answers

    opened = {name for name in sorted(OF_ONE_LEAD) if may(name)}
    everything = OF_ONE_LEAD if how == "Head" else OF_ONE_LEAD - {"erase"}
    assert opened == {"owner": everything, "Head": everything, "nobody": set()}.get(how, IN_TOUCH)
