"""The worked booking cases played on the real actions and the real database."""

import threading
import uuid

from django.db import connection

from signups.audit.choices import ActorKind
from signups.calls.actions import book_call, cancel_call, complete_call, mark_no_show, reassign_call, reschedule_call
from signups.calls.choices import CallStatus, ForceReason
from signups.calls.models import OnboardingCall
from signups.hosts.models import DateOverride
from signups.messages import delivery
from signups.scheduling import business_hours, slots
from tests.factories.content import ClinicProfileFactory
from tests.factories.hosts import AvailabilityRuleFactory, DateOverrideFactory, HostFactory, TimeOffFactory
from tests.factories.leads import LeadFactory
from tests.factories.users import UserFactory
from tests.services import WAIT_TIMEOUT
from tests.signups.scheduling.scheduling_cases import instant

STATUS = {
    CallStatus.BOOKED: "confirmed",
    CallStatus.CANCELLED: "cancelled",
    CallStatus.NO_SHOW: "no_show",
    CallStatus.COMPLETED: "completed",
}


class Stage:
    """A case's clinic, hosts and patients, and what was booked so far: `b1`, `b2` … in order."""

    def __init__(self, setup):
        profile = ClinicProfileFactory()
        profile.call_minutes, profile.call_step_minutes = setup["length_min"], setup["step_min"]
        profile.call_minutes_before = setup["buffer_before_min"]
        profile.call_minutes_after = setup["buffer_after_min"]
        profile.call_notice_minutes, profile.call_horizon_days = setup["min_notice_min"], setup["horizon_days"]
        profile.save()
        self.staff = UserFactory()
        self.hosts = {facts["id"]: self._host(facts) for facts in sorted(setup["staff"], key=lambda one: one["id"])}
        self.names = {host.pk: id_ for id_, host in self.hosts.items()}
        self.leads = {}
        self.refs = {}
        for op in setup.get("preload", []):
            assert self.play(op)["ok"]

    def _host(self, facts):
        host = HostFactory(time_zone=facts["tz"], daily_limit=facts.get("max_per_day"))
        assert facts["busy"] == []
        for rule in facts["rules"]:
            window = {"start": business_hours.parse_time(rule["start"]), "end": business_hours.parse_time(rule["end"])}
            AvailabilityRuleFactory(host=host, weekday=rule["weekday"], **window)
        for override in facts["overrides"]:
            DateOverrideFactory(host=host, date=override["date"], windows=windows(override))
        for start, end in facts["time_off"]:
            TimeOffFactory(host=host, starts_at=instant(start), ends_at=instant(end))
        return host

    def lead(self, name):
        if name not in self.leads:
            self.leads[name] = LeadFactory()
        return self.leads[name]

    def play(self, op):
        """What `op` comes to, in the words of the cases."""
        try:
            return {"ok": True} | (getattr(self, op["op"])(op) or {})
        except slots.BookingError as refused:
            return {"error": refused.code}

    def call(self, op):
        return OnboardingCall.objects.get(pk=self.refs[op["ref"]])

    def by(self, op):
        return self.staff if op.get("by") == "staff" or op.get("force") else ActorKind.PATIENT

    def common(self, op):
        return {"by": self.by(op), "now": instant(op["at"])}

    def forced(self, op):
        return {"forced": ForceReason.AGREED if op.get("force") else None}

    def book(self, op):
        call = book_call(
            lead=self.lead(op["patient"]),
            start=instant(op["start"]),
            host=self.hosts.get(op["staff"]),
            key=uuid.uuid5(uuid.NAMESPACE_OID, op["key"]) if "key" in op else None,
            **self.forced(op),
            **self.common(op),
        )
        for ref, pk in self.refs.items():
            if pk == call.pk:
                return {"ref": ref, "replayed": True}
        ref = f"b{len(self.refs) + 1}"
        self.refs[ref] = call.pk
        return {"ref": ref, "staff": self.names[call.host_id]}

    def cancel(self, op):
        return {"sequence": cancel_call(call=self.call(op), **self.common(op)).sequence}

    def reschedule(self, op):
        before = self.call(op)
        call = reschedule_call(call=before, start=instant(op["start"]), **self.forced(op), **self.common(op))
        return self._changed(before, call)

    def reassign(self, op):
        before = self.call(op)
        common = self.common(op) | {"by": self.staff}
        return self._changed(
            before, reassign_call(call=before, host=self.hosts[op["staff"]], **self.forced(op), **common)
        )

    def _changed(self, before, call):
        if call.sequence == before.sequence:
            return {"noop": True}
        return {"sequence": call.sequence, "staff": self.names[call.host_id]}

    def no_show(self, op):
        mark_no_show(call=self.call(op), by=self.staff, now=instant(op["at"]))

    def completed(self, op):
        complete_call(call=self.call(op), by=self.staff, now=instant(op["at"]))

    complete = completed

    def set_override(self, op):
        DateOverride.objects.update_or_create(
            host=self.hosts[op["staff"]], date=op["date"], defaults={"windows": windows(op)}
        )

    def send_due_reminders(self, op):
        while delivery.deliver_due(lambda: instant(op["at"])):
            pass

    def final(self):
        return {
            ref: {
                "status": STATUS[call.status],
                "staff": self.names[call.host_id],
                "start": call.starts_at,
                "end": call.ends_at,
                "sequence": call.sequence,
            }
            for ref, pk in self.refs.items()
            for call in [OnboardingCall.objects.get(pk=pk)]
        }


def windows(override):
    return [[business_hours.parse_time(start), business_hours.parse_time(end)] for start, end in override["windows"]]


def together(*deeds):
    """What each of `deeds` returns when all begin at once, each on a connection of its own."""
    barrier = threading.Barrier(len(deeds))
    results = [None] * len(deeds)

    def run(number, deed):
        try:
            barrier.wait(WAIT_TIMEOUT)
            results[number] = deed()
        except BaseException as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_TIMEOUT)
        assert not thread.is_alive()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
