"""Generates a client from docs/openapi.json with openapi-python-client, and uses it.

Usage: generated_client.py DOCUMENT URL TOKEN WORKER

The client creates a team, starts a run, and reads the timeline until the run has ended; the command WORKER executes the
steps. Prints a line with the type of each event. Fails if the generator has a warning, or if an answer is not what the
client expects.
"""

import importlib
import os
import shlex
import subprocess
import sys
import tempfile

document, url, token, worker = sys.argv[1:]

with tempfile.TemporaryDirectory() as place:
    # The generator formats what it wrote with ruff, which is beside it.
    path = f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"
    made = subprocess.run(
        [f"{os.path.dirname(sys.executable)}/openapi-python-client", "generate", "--path", document, "--output-path",
         f"{place}/nofx_client", "--meta", "none", "--fail-on-warning"],
        env={"PATH": path, "HOME": place}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode != 0:
        sys.exit(f"the client could not be generated: {made.stdout}")
    sys.path.insert(0, place)

    from nofx_client import AuthenticatedClient, models
    from nofx_client.types import UNSET

    def call(tag, name, body):
        answer = importlib.import_module(f"nofx_client.api.{tag}.{name}").sync_detailed(client=client, body=body)
        if answer.status_code not in (200, 201):
            sys.exit(f"{name}: {answer.status_code} {answer.content.decode()}")
        return answer.parsed

    with AuthenticatedClient(base_url=url, token=token, timeout=60, raise_on_unexpected_status=True) as client:
        team = call("teams", "create_team", models.TeamDraft(name="Generated"))
        assert (team.name, team.role.value) == ("Generated", "owner")
        step = models.PlanRequestPlanStepArtifactWrite(
            name="write", tool=models.PlanRequestPlanStepArtifactWriteTool.ARTIFACTWRITE,
            inputs=models.PlanRequestPlanStepArtifactWriteInputs(name="notes.txt", content="The notes."))
        plan = models.PlanRequestPlan(goal="Write the notes", steps=[step])
        run = call("runs", "start_run", models.PlanRequest(team_id=team.id, plan=plan))
        subprocess.run(shlex.split(worker), input=b'{"budgetSeconds":30}', check=True,
                       stdout=subprocess.DEVNULL)
        cursor = UNSET
        while True:
            request = models.TimelineRequest(team_id=team.id, run_id=run.run_id, cursor=cursor, wait_seconds=5)
            timeline = call("runs", "run_timeline", request)
            for event in timeline.items:
                print(event.type_)
            if timeline.ended and not timeline.has_more:
                break
            cursor = timeline.next_cursor
