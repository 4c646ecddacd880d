"""The image and the compose files keep their promises: pinned, non-root, read-only, limited, healthy, secrets by file.

Checked in what they say; run through `docker compose config`, `hadolint` and `haproxy -c` where these are installed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tutor.settings import Settings
from tutor.web.metrics import Metrics

DOCKER = Path(__file__).parents[2] / "docker"
FILES = ("compose.yaml", "compose.gpu.yaml", "compose.server.yaml")


# https://github.com/compose-spec/compose-spec/blob/main/05-services.md, the keys of a service.
SERVICE_KEYS = frozenset(
    re.findall(
        r"\w+",
        """
    annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name
    cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec
    depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file
    environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc
    isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit
    models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop
    privileged profiles provider pull_policy read_only restart runtime scale secrets security_opt shm_size
    stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode
    uts volumes volumes_from working_dir
    """,
    )
)


class Loader(yaml.SafeLoader):
    """YAML with compose's own tags."""


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None


for tag in ("!override", "!reset"):
    Loader.add_constructor(tag, _plain)


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((DOCKER / name).read_text(encoding="utf-8"), Loader)
    return loaded


def merged() -> dict[str, Any]:
    """compose.gpu.yaml with compose.server.yaml laid over it, as far as these checks need it."""
    base, over = read("compose.gpu.yaml"), read("compose.server.yaml")
    for name, service in over["services"].items():
        found = base["services"].setdefault(name, {})
        for key, value in service.items():
            both_maps = isinstance(value, dict) and isinstance(found.get(key), dict)
            found[key] = {**found[key], **value} if both_maps else value
    for key in ("secrets", "volumes", "networks", "configs"):
        base[key] = {**(base.get(key) or {}), **(over.get(key) or {})}
    return base


STACKS = {"cpu": read("compose.yaml"), "gpu": read("compose.gpu.yaml"), "server": merged()}
SERVICES = [(stack, name) for stack, content in STACKS.items() for name in content["services"]]


@pytest.fixture(params=SERVICES, ids=lambda found: "-".join(found))
def service(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    stack, name = request.param
    return name, STACKS[stack]["services"][name]


def test_every_service_is_shut_in(service: tuple[str, dict[str, Any]]) -> None:
    name, found = service
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert not found.get("privileged")
    assert found["mem_limit"]
    assert found["pids_limit"]
    user = str(found["user"]).partition(":")[0]
    assert user.isdigit()
    if name == "owners":  # it gives new volumes to their owners, with that right alone, and no network
        assert (user, found["cap_add"], found["network_mode"]) == ("0", ["CHOWN"], "none")
    else:
        assert user != "0"
        assert "cap_add" not in found


def test_images_are_pinned_to_a_release(service: tuple[str, dict[str, Any]]) -> None:
    _, found = service
    name, _, tag = found["image"].rpartition(":")
    assert name
    assert re.search(r"\d+\.\d+", tag), tag


def test_our_own_image_is_tagged_with_the_version(service: tuple[str, dict[str, Any]]) -> None:
    project = tomllib.loads((DOCKER.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, _, tag = service[1]["image"].rpartition(":")
    assert name != "interview-tutor" or tag == project["version"]


def test_services_that_stay_have_a_health_check(service: tuple[str, dict[str, Any]]) -> None:
    name, found = service
    if found.get("restart") == "no":
        return
    from_image = found["image"].startswith("interview-tutor:") and "HEALTHCHECK" in (DOCKER / "Dockerfile").read_text()
    assert from_image or found["healthcheck"]["test"], name


def test_every_key_is_one_of_the_compose_specification(service: tuple[str, dict[str, Any]]) -> None:
    """A misspelt key would be a protection that is not there; without `docker compose` nothing else would say so."""
    name, content = service
    assert set(content) <= SERVICE_KEYS, name
    assert set(content.get("healthcheck", {})) <= {
        "test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"
    }  # fmt: skip
    assert set(content.get("deploy", {})) <= {
        "mode", "replicas", "endpoint_mode", "labels", "resources", "restart_policy", "placement", "update_config",
        "rollback_config",
    }  # fmt: skip
    for needed in (content.get("depends_on") or {}).values() if isinstance(content.get("depends_on"), dict) else ():
        assert set(needed) <= {"condition", "restart", "required"}
        assert needed["condition"] in {"service_started", "service_healthy", "service_completed_successfully"}


@pytest.mark.parametrize("name", FILES)
def test_files_have_only_the_parts_of_the_compose_specification(name: str) -> None:
    parts = {part for part in read(name) if not part.startswith("x-")}
    assert parts <= {"name", "services", "networks", "volumes", "secrets", "configs", "include", "models"}


@pytest.mark.parametrize("stack", STACKS)
def test_whatever_is_named_is_there(stack: str) -> None:
    content = STACKS[stack]
    for name, found in content["services"].items():
        for volume in found.get("volumes", []):
            assert volume.partition(":")[0] in content["volumes"], (name, volume)
        for secret in found.get("secrets", []):
            assert secret in content["secrets"], (name, secret)
        for network in found.get("networks", []):
            assert network in content["networks"], (name, network)
        for other in found.get("depends_on", {}):
            assert other in content["services"], (name, other)
        for config in found.get("configs", []):
            place = content["configs"][config["source"]]
            assert "content" in place or (DOCKER / place["file"]).is_file(), config


@pytest.mark.parametrize("name", FILES)
def test_no_secret_is_written_down(name: str) -> None:
    text = (DOCKER / name).read_text(encoding="utf-8")
    for service in read(name)["services"].values():
        environment = service.get("environment", {})
        assert isinstance(environment, dict)
        for key, value in environment.items():
            if re.search(r"PASSWORD|SECRET|TOKEN|_KEY$|DATABASE_URL", key) and "FILE" not in key:
                raise AssertionError(f"{key}={value}")
    assert "://tutor:" not in text
    assert "docker/secrets/" in (DOCKER.parent / ".gitignore").read_text()


def test_only_the_proxy_is_reached_from_outside() -> None:
    def open_to_others(found: dict[str, Any]) -> list[str]:
        return [port for port in found.get("ports", []) if not str(port).startswith("127.0.0.1:")]

    for stack, content in STACKS.items():
        reached = {name for name, found in content["services"].items() if open_to_others(found)}
        assert reached == ({"proxy"} if stack == "server" else set())
    server = STACKS["server"]
    for name in ("vllm", "chroma", "database"):
        assert server["services"][name]["networks"] == ["inside"]
    assert server["networks"]["inside"]["internal"] is True


def test_settings_that_the_files_set_exist() -> None:
    known = {f"TUTOR_{name.upper()}" for name in Settings.model_fields}
    for content in STACKS.values():
        for name, found in content["services"].items():
            if str(found.get("image")).startswith("interview-tutor:"):
                named = {key for key in found.get("environment", {}) if key.startswith("TUTOR_")}
                assert named <= known, (name, named - known)
            secrets = {s.upper() for s in found.get("secrets", []) if s.startswith("tutor_")}
            assert secrets <= known


def test_secrets_are_read_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tutor_server_key").write_text("from-a-file\n")
    monkeypatch.setitem(Settings.model_config, "secrets_dir", str(tmp_path))
    assert Settings().server_key == "from-a-file"


def test_a_drain_fits_into_the_time_that_a_container_has() -> None:
    for stack, content in STACKS.items():
        grace = int(str(content["services"]["app"]["stop_grace_period"]).removesuffix("s"))
        assert grace > Settings().drain_seconds + 10, stack


def test_the_dockerfile_builds_with_the_script_and_runs_as_nobody() -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert text.count("FROM ") == 2
    assert len(set(re.findall(r"^FROM (\S+)", text, re.M))) == 1
    assert re.search(r"^FROM python:3\.11\.\d+-slim", text, re.M)
    assert "RUN docker/build.sh /app" in text
    assert re.findall(r"^USER (.+)$", text, re.M)[-1] == "10001:10001"
    licences = {"LICENSE", "THIRD_PARTY.md"}
    assert licences <= set(re.findall(r"\S+", " ".join(re.findall(r"^COPY (.+)$", text, re.M))))
    ignored = (DOCKER.parent / ".dockerignore").read_text().splitlines()
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M):
        assert all(f"!{path}" in ignored for path in source.split()), source


def test_the_lock_has_every_package_with_hashes() -> None:
    text = (DOCKER / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", text, re.M | re.I))
    assert len(pinned) > 100
    blocks = re.split(r"\n(?=\S)", text)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    project = (DOCKER.parent / "pyproject.toml").read_text(encoding="utf-8")
    content = tomllib.loads(project)["project"]
    wanted = [*content["dependencies"], *content["optional-dependencies"]["postgres"]]
    names = {re.match(r"[A-Za-z0-9._-]+", row)[0].lower().replace("_", "-") for row in wanted}  # type: ignore[index]
    assert names <= {name.lower().replace("_", "-") for name in pinned}, "run docker/lock.sh"
    assert "torch" not in pinned


def test_every_package_of_the_image_comes_as_a_wheel_whose_hash_is_checked() -> None:
    """What is built from source fetches its build tools, and nothing checks their hashes."""
    script = (DOCKER / "build.sh").read_text(encoding="utf-8")
    assert "--only-binary :all:" in script
    assert "--no-binary" not in script


def test_an_alert_is_raised_also_where_no_replica_is_left() -> None:
    rules = [r for g in yaml.safe_load((DOCKER / "alerts.yml").read_text())["groups"] for r in g["rules"]]
    (down,) = (rule["expr"] for rule in rules if rule["alert"] == "TutorDown")
    assert 'absent(up{job="tutor"})' in down


def test_the_dashboard_and_the_alerts_ask_for_figures_that_exist() -> None:
    ours = {metric.name for metric in Metrics().registry.collect()}
    ours |= {"tutor_golden", "tutor_golden_worse", "tutor_golden_time_seconds"}  # the nightly run's, by textfile
    asked = set()
    for panel in json.loads((DOCKER / "grafana-dashboard.json").read_text())["panels"]:
        asked |= {found for target in panel["targets"] for found in re.findall(r"\b(tutor_\w+)", target["expr"])}
    for group in yaml.safe_load((DOCKER / "alerts.yml").read_text())["groups"]:
        asked |= {found for rule in group["rules"] for found in re.findall(r"\b(tutor_\w+)", rule["expr"])}
    assert len(asked) > 8
    for name in asked:
        assert re.sub(r"_(total|bucket|count|sum)$", "", name) in ours, name


def test_the_proxy_never_takes_a_name_from_outside() -> None:
    text = (DOCKER / "haproxy.cfg").read_text(encoding="utf-8")
    for header in ("X-Forwarded-User", "X-Forwarded-For", "Forwarded"):
        assert f"http-request del-header {header}\n" in text
    assert "http-request set-header X-Request-ID %[unique-id]\n" in text, (
        "adding one would leave the sender's before it"
    )
    assert "path /metrics" in text
    assert "%r" not in text.replace("%reg", ""), "a request line holds what users wrote"


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
def test_haproxy_takes_its_configuration(tmp_path: Path) -> None:
    certificate = tmp_path / "tls.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
         str(tmp_path / "key"), "-out", str(tmp_path / "chain"), "-days", "2", "-subj", "/CN=localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    certificate.write_text((tmp_path / "chain").read_text() + (tmp_path / "key").read_text())
    text = (DOCKER / "haproxy.cfg").read_text(encoding="utf-8").replace("/run/secrets/tls.pem", str(certificate))
    (tmp_path / "haproxy.cfg").write_text(text)
    done = subprocess.run(
        ["haproxy", "-c", "-f", str(tmp_path / "haproxy.cfg")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _compose() -> bool:
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0


@pytest.mark.skipif(not _compose(), reason="docker compose is not installed")
@pytest.mark.parametrize(
    "files", [("compose.yaml",), ("compose.gpu.yaml",), ("compose.gpu.yaml", "compose.server.yaml")]
)
def test_compose_takes_its_files(files: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTOR_NAME", "tutor.example.org")
    named = [part for name in files for part in ("-f", str(DOCKER / name))]
    done = subprocess.run(
        ["docker", "compose", *named, "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _hadolint() -> str | None:
    """The one that the dev extra puts beside the interpreter, else the one on PATH."""
    return shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")


@pytest.mark.skipif(_hadolint() is None, reason="hadolint is not installed")
def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([str(_hadolint()), str(DOCKER / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
