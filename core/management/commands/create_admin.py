"""The first person of an installation, and whoever lost the way in."""

import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils import timezone

from core.management.migrated import MigratedCommand
from core.roles import Role
from core.services.people import NameTaken, create_person


class Command(MigratedCommand):
    help = "Make an admin; a random password is printed as the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the name to sign in with")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from the first line of standard input instead",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        is_given = options["password_stdin"]
        password = (
            sys.stdin.readline().rstrip("\r\n")
            if is_given
            else secrets.token_urlsafe(15)
        )
        try:
            user = create_person(
                username=options["name"],
                password=password,
                role=Role.ADMIN,
                actor=None,
                now=timezone.now(),
            )
        except NameTaken as error:
            raise CommandError(
                f"{error} A new password: manage.py changepassword {options['name']}"
            ) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{user.username} is an admin now.")
        if not is_given:
            self.stdout.write(password)
