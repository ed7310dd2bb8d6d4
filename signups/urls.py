from django.urls import path

from .views import my, trials

urlpatterns = [
    path("start/", trials.start, name="start"),
    path("start/check-your-email/", trials.check_your_email, name="check-your-email"),
    path("confirm/<str:token>/", trials.confirm, name="confirm"),
    path("confirm/<str:token>/again/", trials.confirm_again, name="confirm-again"),
    path("my/<str:token>/", my.page, name="my"),
]
