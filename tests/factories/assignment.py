"""Make places in the rotation of owners."""

import factory

from signups.assignment.models import AssignmentRotation

from .users import UserFactory


class AssignmentRotationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AssignmentRotation

    user = factory.SubFactory(UserFactory)
