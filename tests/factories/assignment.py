"""Make places in the rotation of owners."""

import factory

from signups import models as signups

from .users import UserFactory


class TurnFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Turn

    user = factory.SubFactory(UserFactory)
