from django.urls import path

from .views import callbacks, calls, my, trials

urlpatterns = [
    path("start/", trials.start, name="start"),
    path("start/check-your-email/", trials.check_your_email, name="check-your-email"),
    path("confirm/<str:token>/", trials.confirm, name="confirm"),
    path("confirm/<str:token>/again/", trials.confirm_again, name="confirm-again"),
    path("callback/", callbacks.ask, name="callback"),
    path("callback/thanks/", callbacks.thanks, name="callback-thanks"),
    path("my/<str:token>/", my.page, name="my"),
    path("my/<str:token>/callback/", callbacks.my_ask, name="my-callback"),
    path("my/<str:token>/callback/cancel/", callbacks.my_cancel, name="my-callback-cancel"),
    path("my/<str:token>/call/", calls.call, name="my-call"),
    path("my/<str:token>/call/move/", calls.move, name="my-call-move"),
    path("my/<str:token>/call/cancel/", calls.cancel, name="my-call-cancel"),
    path("my/<str:token>/call/again/", calls.again, name="my-call-again"),
    path("my/<str:token>/call/zone/", calls.zone, name="my-call-zone"),
]
