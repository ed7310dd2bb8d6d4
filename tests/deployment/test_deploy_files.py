"""The files of deploy/ name what is there. `make deploy-check` runs those that this machine can run."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import reverse

from content.models.texts import LegalText
from tests.clinic.test_security_headers import ADDRESSES, PUBLIC

from .site import command

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted(path.name for path in (DEPLOY / "systemd").glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
EXAMPLE = re.findall(r"^([A-Z_]+)=", (DEPLOY.parent / ".env.example").read_text(), re.MULTILINE)


@pytest.mark.parametrize("text", [*(" ".join(command(unit)) for unit in UNITS), (DEPLOY / "compose.yaml").read_text()])
def test_commands_exist(text):
    assert [name for name in re.findall(r"manage\.py,? ([a-z_]+)", text) if name not in get_commands()] == []


@pytest.mark.parametrize("unit", [unit for unit in UNITS if "web" not in unit and "worker" not in unit])
def test_what_runs_once_has_a_timer(unit):
    timer = (DEPLOY / "systemd" / unit).with_suffix(".timer")
    assert "OnCalendar=" in timer.read_text()
    assert "Type=oneshot" in (DEPLOY / "systemd" / unit).read_text()


def test_settings_in_the_template_are_ours():
    named = re.findall(r"^([A-Z_]+)=", (DEPLOY / "clinic.env").read_text(), re.MULTILINE)
    assert sorted(set(named) - set(EXAMPLE)) == []


def test_bodies_are_limited_where_they_arrive():
    limit = re.search(r"client_max_body_size (\d+)k;", (DEPLOY / "nginx/clinic.conf").read_text())
    assert int(limit[1]) * 1000 == settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def test_addresses_are_written_anew_by_the_one_proxy():
    conf = (DEPLOY / "nginx/clinic.conf").read_text()
    assert conf.count("proxy_set_header X-Forwarded-For $remote_addr;") == conf.count("proxy_pass ")
    assert "TRUSTED_PROXY_COUNT=1\n" in (DEPLOY.parent / ".env.example").read_text()


def test_containers_name_each_other():
    services = COMPOSE["services"]
    named = {name for service in services.values() for name in service.get("depends_on", {})}
    assert named == {"database", "migrate"}
    assert sorted(services) == ["database", "migrate", "web", "worker"]


def test_compose_file_says_nothing_that_compose_does_not_know():
    """No engine is needed for this: the words of the Compose specification that are used here."""
    known = {"image", "build", "env_file", "environment", "volumes", "read_only", "tmpfs", "cap_drop", "security_opt"}
    known |= {"command", "depends_on", "ports", "healthcheck", "stop_grace_period", "restart"}
    services = COMPOSE["services"].values()
    assert {word for service in services for word in service} - known == set()
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}
    mounted = {volume.partition(":")[0] for service in services for volume in service["volumes"]}
    assert mounted == set(COMPOSE["volumes"])
    clinic = COMPOSE["x-clinic"]
    assert (DEPLOY / clinic["build"]["context"] / clinic["build"]["dockerfile"]).exists()
    assert (DEPLOY / clinic["env_file"]).exists()


def test_the_image_has_what_it_copies():
    text = (DEPLOY / "Containerfile").read_text()
    wanted = re.findall(r"^COPY (\S+) ", text, re.MULTILINE)
    let_in = re.findall(r"^!(\S+)$", (DEPLOY.parent / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(wanted) == sorted(let_in)
    assert [name for name in wanted if not (DEPLOY.parent / name).exists()] == []
    assert re.findall(r"^USER (\w+)$", text, re.MULTILINE) == ["clinic"]


def test_nginx_caches_the_public_pages_and_no_other():
    conf = (DEPLOY / "nginx/clinic.conf").read_text()
    [pattern] = re.findall(r'location ~ "(\S+)" \{(?=[^}]*proxy_cache clinic_pages;)', conf)
    cached = re.compile(pattern.replace(r"\z", r"\Z"), re.ASCII)
    wrong = [path for name, path in ADDRESSES if bool(cached.search(path)) != (name in PUBLIC)]
    assert wrong == []
    texts = {reverse("legal-text", args=[kind]) for kind in LegalText.Kind.values}
    assert [path for path in texts if not cached.search(path)] == []


def test_what_nginx_caches_depends_on_no_cookie():
    conf = (DEPLOY / "nginx/clinic.conf").read_text()
    location = conf.partition("proxy_cache clinic_pages;")[2].partition("\n    }")[0]
    assert 'proxy_set_header Cookie "";' in location
    assert "proxy_pass http://clinic_public$uri;" in location  # without the query
