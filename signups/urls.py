from django.urls import path

from .views import callbacks, calls, consents, feeds, my, my_data, my_trial, trials

urlpatterns = [
    path("start/", trials.start, name="start"),
    path("start/check-your-email/", trials.check_your_email, name="check-your-email"),
    path("start/elsewhere/", trials.elsewhere, name="elsewhere"),
    path("start/elsewhere/thanks/", trials.elsewhere_noted, name="elsewhere-noted"),
    path("confirm/<str:token>/", trials.confirm, name="confirm"),
    path("confirm/<str:token>/again/", trials.confirm_again, name="confirm-again"),
    path("callback/", callbacks.ask, name="callback"),
    path("callback/thanks/", callbacks.thanks, name="callback-thanks"),
    path("stop/<str:token>/", consents.stop, name="stop"),
    path("lost-link/", my.lost_link, name="lost-link"),
    path("lost-link/sent/", my.lost_link_sent, name="lost-link-sent"),
    path("my/<str:token>/", my.page, name="my"),
    path("my/<str:token>/callback/", callbacks.my_ask, name="my-callback"),
    path("my/<str:token>/callback/cancel/", callbacks.my_cancel, name="my-callback-cancel"),
    path("my/<str:token>/call/", calls.call, name="my-call"),
    path("my/<str:token>/call/move/", calls.move, name="my-call-move"),
    path("my/<str:token>/call/cancel/", calls.cancel, name="my-call-cancel"),
    path("my/<str:token>/call/again/", calls.again, name="my-call-again"),
    path("my/<str:token>/call/zone/", calls.zone, name="my-call-zone"),
    path("my/<str:token>/trial/cancel/", my_trial.cancel, name="my-cancel"),
    path("my/<str:token>/trial/undo/", my_trial.undo, name="my-undo"),
    path("my/<str:token>/refund/", my_trial.refund, name="my-refund"),
    path("my/<str:token>/details/", my_data.details, name="my-details"),
    path("my/<str:token>/consents/", my_data.choices, name="my-consents"),
    path("my/<str:token>/link/", my_data.link, name="my-link"),
    path("my/<str:token>/export/", my_data.export, name="my-export"),
    path("my/<str:token>/erase/", my_data.erase, name="my-erase"),
    path("hosts/<str:token>.ics", feeds.feed, name="host-feed"),
]
