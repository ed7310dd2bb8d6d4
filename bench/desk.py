"""The care desk at ten thousand, a hundred thousand and a million leads, beside Django's own list.

`python -m bench.desk`, or with fewer leads: `python -m bench.desk --leads 10000`
DATABASE_URL names a PostgreSQL database; ones beside it (`<name>_10000` and so on) are made, filled once and kept, so
that a second run measures at once. Each request is a whole one, middleware and templates included, in a process of its
own per size; the sizes take turns, so that a slow minute hits all of them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from . import harness

SIZES = (10_000, 100_000, 1_000_000)
OURS = {
    "first page": "/admin/signups/lead/",
    "last page": "/admin/signups/lead/?p=last",
    "view: mine": "/admin/signups/lead/?view=mine",
    "view: unassigned": "/admin/signups/lead/?view=unassigned",
    "view: due": "/admin/signups/lead/?view=due",
    "view: calls today": "/admin/signups/lead/?view=calls",
    "view: ending": "/admin/signups/lead/?view=ending",
    "view: refunds": "/admin/signups/lead/?view=refunds",
    "filter: status": "/admin/signups/lead/?status=qualified",
    "filter: owner": "/admin/signups/lead/?owner=3",
    "filter: channel": "/admin/signups/lead/?channel=text",
    "filter: month": "/admin/signups/lead/?created=2026-05",
    "filter: owner and status": "/admin/signups/lead/?owner=3&status=contacted",
    "filter: trial ended": "/admin/signups/lead/?trial=ended",
    "filter: zone": "/admin/signups/lead/?zone=America/New_York",
    "filter: due": "/admin/signups/lead/?due=today",
    "filter: last contact": "/admin/signups/lead/?contacted_from=2026-05-01&contacted_to=2026-05-31",
    "sort: name": "/admin/signups/lead/?sort=name",
    "sort: last contact": "/admin/signups/lead/?sort=contact",
    "sort: last contact, last page": "/admin/signups/lead/?sort=-contact&p=last",
    "sort: due": "/admin/signups/lead/?sort=due",
    "search: part of a name": "/admin/signups/lead/?q=mora",
    "search: two words": "/admin/signups/lead/?q=jo+tamo",
    "search: digits": "/admin/signups/lead/?q=555-01",
    "search: a whole number": "/admin/signups/lead/?q=555-0123",
    "search: one letter": "/admin/signups/lead/?q=j",
    "search: rare": "/admin/signups/lead/?q=zyxwvut",
    "search: none": "/admin/signups/lead/?q=qqqqqq",
    "a lead's page": "/admin/signups/lead/5/change/",
    "desk": "/admin/",
}
STOCK = {
    "stock: first page": "/stock/signups/lead/",
    "stock: search part": "/stock/signups/lead/?q=mora",
    "stock: search none": "/stock/signups/lead/?q=qqqqqq",
}

FILL = """
INSERT INTO auth_user (username, password, is_staff, is_active, is_superuser, first_name, last_name, email, date_joined)
  SELECT 'staff' || n, '', true, true, false, '', '', '', now() FROM generate_series(1, 20) n;
INSERT INTO auth_user_groups (user_id, group_id)
  SELECT u.id, g.id FROM auth_user u, auth_group g
  WHERE g.name = CASE WHEN u.id = 1 THEN 'Head of Customer Care' ELSE 'Care coordinator' END;
INSERT INTO signups_lead (public_id, name, name_folded, name_key, email, email_key, email_failure, phone, phone_e164,
    phone_extension, time_zone, zone_is_guessed, preferred_channel, best_time, signing_up_for, state, referral_answer,
    first_touch_source, owner_id, kept_unassigned, status, close_reason, portal_token_version,
    confirmation_token_version, first_contact_at, last_contact_at, created_at)
  SELECT gen_random_uuid(), p.name, lower(p.name),
    least(lower(p.given), lower(p.surname)) || ' ' || greatest(lower(p.given), lower(p.surname)),
    'p' || n || '@mail.example', 'p' || n || '@mail.example', '',
    '(212) 555-' || n %% 10000, '+1212555' || lpad((n %% 10000)::text, 4, '0'), '', 'America/New_York', false,
    (ARRAY['email','call','text'])[1 + n %% 3], 'any', '', 'NY', '', (ARRAY['google','friend','ad'])[1 + n %% 3],
    CASE WHEN n > %(size)s - 60 THEN NULL ELSE 1 + n %% 20 END, false, s.status,
    CASE WHEN s.status = 'closed' THEN 'no answer' ELSE '' END, 1, 1,
    CASE WHEN s.status <> 'new' THEN c.created_at + interval '1 hour' END,
    CASE WHEN s.status <> 'new' THEN c.created_at + interval '1 hour' END, c.created_at
  FROM generate_series(1, %(size)s) n,
  LATERAL (SELECT
    (ARRAY['Jo','Ann','Lee','Sam','Kim','Max','Eva','Ian','Mia','Tom'])[1 + n %% 10] AS given, initcap(
      (ARRAY['mo','ta','re','li','sa','ku','ve','no','pi','da'])[1 + (n / 7) %% 10] ||
      (ARRAY['ra','mo','ti','le','su','ka','vi','ne','po','du'])[1 + (n / 3) %% 10] ||
      (ARRAY['son','man','ley','field','ton','ski','ez','er','wood','by'])[1 + (n / 11) %% 10]) AS surname) w,
  LATERAL (SELECT w.given, CASE WHEN n = 77 THEN 'Zyxwvut' ELSE w.surname END AS surname,
    w.given || ' ' || w.surname || CASE WHEN n = 77 THEN ' Zyxwvut' ELSE '' END AS name) p,
  LATERAL (SELECT CASE
    WHEN n > %(size)s * 0.98 THEN (ARRAY['new','contacted','contacted','qualified'])[1 + n %% 4]
    ELSE (ARRAY['closed','converted','closed','qualified','closed'])[1 + n %% 5] END AS status) s,
  LATERAL (SELECT now() - (%(size)s - n) * (interval '1000 days' / %(size)s) AS created_at) c;
INSERT INTO signups_trial (lead_id, days, guarantee_days, terms_version, requested_at, started_at, cancelled_at,
    converted_at, refund_requested_at)
  SELECT id, 7, 30, '2026-11', created_at, created_at, CASE WHEN id %% 5 = 0 THEN created_at END,
    CASE WHEN status = 'converted' AND id %% 5 > 0 THEN created_at + interval '7 days' END,
    CASE WHEN status = 'converted' AND id %% 5 > 0 AND id %% (%(size)s / 40) = 1 THEN created_at + interval '9 days' END
  FROM signups_lead;
INSERT INTO signups_auditevent (lead_id, target, occurred_at, actor_kind, actor_id, action, detail, signature,
    chain_hash)
  SELECT id, '', created_at + e.after, e.kind, CASE WHEN e.kind = 'staff' THEN 1 END, e.action, '{}', '', ''
  FROM signups_lead, (VALUES ('signed_up', 'patient', interval '0'), ('tried', 'staff', interval '1 hour'),
    ('details_changed', 'staff', interval '2 hours')) e (action, kind, after);
INSERT INTO signups_consenttext (purpose, version, sha256, text) VALUES ('calls', '1', repeat('0', 64), 'Calls.');
INSERT INTO signups_consent (lead_id, text_id, granted, channel, created_at)
  SELECT id, 1, true, 'web', created_at FROM signups_lead WHERE id > %(size)s - 400;
INSERT INTO signups_callbackrequest (public_id, lead_id, phone, phone_e164, phone_extension, time_zone, best_time,
    topic, consent_id, created_at, due_at, outcome)
  SELECT gen_random_uuid(), l.id, l.phone, l.phone_e164, '', l.time_zone, 'any', 'cost', c.id, now(),
    now() + (l.id %% 9 - 4) * interval '1 hour', ''
  FROM signups_lead l JOIN signups_consent c ON c.lead_id = l.id;
"""


def beside(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def database(url: str, size: int) -> str:
    """The address of the database with `size` leads beside that of `url`, made and filled when it is not there."""
    name = f"{urlsplit(url).path[1:]}_{size}"
    with psycopg.connect(url, autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return beside(url, name)
        harness.say(f"filling {name} …")
        admin.execute(f'CREATE DATABASE "{name}.part"')
    part = beside(url, f"{name}.part")
    for command in (["migrate", "-v0"], ["collectstatic", "-v0", "--noinput"], ["load_content", "-v0"]):
        subprocess.run([sys.executable, "manage.py", *command], env=os.environ | {"DATABASE_URL": part}, check=True)
    with psycopg.connect(part) as filling:
        for statement in FILL.split(";\n"):
            if statement.strip():
                filling.execute(statement.replace("%(size)s", str(size)).replace("%%", "%"))
    with psycopg.connect(part, autocommit=True) as filled:
        filled.execute("VACUUM ANALYZE")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}.part" RENAME TO "{name}"')
    return beside(url, name)


def serve() -> None:
    """Answers each path on standard input with the milliseconds its page took and its rows; signed in as the Head."""
    import django

    django.setup()
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import path
    from django.utils import timezone

    from clinic import urls as clinic_urls
    from signups.leads.models import Lead
    from signups.reports import daily_metrics

    stock = admin.AdminSite("stock")
    options = {
        "list_display": ["name", "email", "phone", "status", "preferred_channel", "owner", "created_at"],
        "list_filter": ["status", "preferred_channel", "created_at", "owner"],
        "search_fields": ["name", "email_key", "phone", "phone_e164"],
        "date_hierarchy": "created_at",
        "change_list_template": "admin/change_list.html",  # not the one of ours, which goes by the model
    }
    stock.register(Lead, type("StockAdmin", (admin.ModelAdmin,), options))
    clinic_urls.urlpatterns.insert(0, path("stock/", stock.urls))
    daily_metrics.refresh_metrics(timezone.now)  # as the worker does every few minutes
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get(username="staff1"), "django.contrib.auth.backends.ModelBackend")
    for line in sys.stdin:
        started = time.perf_counter()
        response = client.get(line.strip())
        took = (time.perf_counter() - started) * 1000
        if response.status_code != 200:
            raise SystemExit(f"{line.strip()} answered {response.status_code}: {response.headers}")
        harness.say(f"{took:.3f} {response.content.count(b'<tr')}")


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, nargs="+", default=SIZES, help="how many leads, one database for each")
    parser.add_argument("--rounds", type=int, default=9)
    return parser.parse_args()


def main() -> int:
    url = os.environ["DATABASE_URL"]
    options = parsed_arguments()
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], check=True)
    servers = {}
    for size in sorted(options.leads):
        env = os.environ | {"DATABASE_URL": database(url, size)}
        command = [sys.executable, "-m", "bench.desk", "--serve"]
        servers[size] = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    rows: dict[tuple[int, str], int] = {}

    def ask(size: int, path: str) -> float:
        server = servers[size]
        assert server.stdin
        assert server.stdout
        server.stdin.write(path + "\n")
        server.stdin.flush()
        took, shown = server.stdout.readline().split()
        rows[size, path] = int(shown)
        return float(took)

    views = OURS | STOCK
    for size in servers:
        for path in views.values():
            ask(size, path)  # what is asked once per process, and cold pages
    cases = {
        f"{name} @{size}": (lambda size=size, path=path: ask(size, path))
        for name, path in views.items()
        for size in servers
    }
    figures = harness.alternate(cases, options.rounds)
    for server in servers.values():
        server.communicate("")
    largest = max(servers)
    harness.say(f"{'ms, whole request':<28}" + "".join(f"{size:>12,}" for size in servers) + f"{'ratio':>8}")
    for name in views:
        line = [figures[f"{name} @{size}"] for size in servers]
        harness.say(f"{name:<28}" + "".join(f"{figure:>12.1f}" for figure in line) + f"{line[-1] / line[0]:>8.2f}")
    targets = []
    for name, path in OURS.items():
        bound = 100 if name == "desk" else 60
        targets.append(harness.Target(name, figures[f"{name} @{largest}"], bound, "ms", at_most=True))
        # (A page of ten rows beside one of fifty tells of the rows, not of the size.)
        as_full = [size for size in servers if rows[size, path] >= rows[largest, path] and size < largest]
        if as_full:
            ratio = figures[f"{name} @{largest}"] / figures[f"{name} @{as_full[0]}"]
            targets.append(harness.Target(f"{name}, of its time at {as_full[0]:,}", ratio, 1.5, "×", at_most=True))
    return harness.report("desk", figures, targets, "ms")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ |= {
        "ENVIRONMENT": "local",
        "ENV_FILE": "",
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
    }
    os.environ["STAFF_MFA_REQUIRED"] = "false"
    os.environ.setdefault("DATA_DIR", tempfile.mkdtemp())
    if "--serve" in sys.argv:
        serve()
    else:
        sys.exit(min(main(), 1))
