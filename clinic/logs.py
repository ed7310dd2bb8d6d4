"""What a log line may say."""

import logging


class NoPaths(logging.Filter):
    """Names the view instead of the path in Django's records of a request: a path can be a patient's private link."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and hasattr(request, "path"):
            match = getattr(request, "resolver_match", None)
            record.msg = "%s %s %s"
            record.args = (getattr(record, "status_code", ""), request.method, match.view_name if match else "no view")
        return True
