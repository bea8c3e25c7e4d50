"""Judges what `keyslot rehearse --output json` printed, and the transcript of its world.

With --doctor it spoils the result in one place after another and insists that each is refused.
"""

import copy
import json
import sys


def is_restart(entry):
    return entry["method"] == "PATCH" and "/deployments/" in entry["path"]


def judge(result, transcript):
    """Returns what is wrong, one sentence each."""
    wrong = []

    def want(true, sentence):
        if not true:
            wrong.append(sentence)

    rotation, outage = result["rotation"], result["outage"]
    want(result["version"] == 1, "the format is another version")
    want(len(result["world_digest"]) >= 16, "the world has no digest")
    want(rotation["state"] == "done", f"the rotation is {rotation['state']}")
    want((rotation["from"], rotation["to"]) == ("primary", "secondary"), "it went another way")
    want(outage["refused"] == 0, f"{outage['refused']} requests were refused")
    want(outage["first_refused_at"] is None, "a first refusal has a time")
    want(outage["served"] > 10_000, f"only {outage['served']} requests were served")
    want(outage["served_after_regeneration"] >= 1_000, "too few requests after the regeneration")
    want(len(result["stamps"]) == 3, "there are not three stamps")
    for stamp in result["stamps"]:
        want(stamp["restarted"], f"{stamp['name']} was not restarted")
        want(stamp["vault_slot"] == "secondary", f"the vault of {stamp['name']} is on {stamp['vault_slot']}")
        want(stamp["pods_slot"] == "secondary", f"the pods of {stamp['name']} are on {stamp['pods_slot']}")
    kinds = [one["kind"] for one in result["account"]["regenerated"]]
    want(kinds == ["primary"], f"regenerated: {kinds}")
    want(result["wall_seconds"] < 90, f"it took {result['wall_seconds']} s")

    patches = [(entry["host"], entry["path"]) for entry in transcript if is_restart(entry)]
    posts = [
        entry for entry in transcript
        if entry["method"] == "POST" and "regeneratekey" in entry["path"].lower()
    ]
    want(len(patches) == 9 and len(set(patches)) == 9, f"{len(patches)} patches, {len(set(patches))} different")
    want(len(posts) == 1, f"{len(posts)} requests to regenerate")
    return wrong


def spoilt(result, transcript):
    """The result, wrong in one place at a time."""

    def change(edit):
        other, lines = copy.deepcopy(result), copy.deepcopy(transcript)
        edit(other, lines)
        return other, lines

    post = {"host": "x", "method": "POST", "path": "/regenerateKey"}
    yield change(lambda r, t: r["outage"].update(refused=1))
    yield change(lambda r, t: r["outage"].update(served=10_000))
    yield change(lambda r, t: r["outage"].update(served_after_regeneration=0))
    yield change(lambda r, t: r["rotation"].update(state="halted"))
    yield change(lambda r, t: r["stamps"][1].update(restarted=False))
    yield change(lambda r, t: r["stamps"][2].update(vault_slot="primary"))
    yield change(lambda r, t: r["stamps"][0].update(pods_slot="mixed"))
    yield change(lambda r, t: r["stamps"].pop())
    yield change(lambda r, t: r["account"]["regenerated"].clear())
    yield change(lambda r, t: r["account"]["regenerated"].append({"kind": "primary", "at": "x"}))
    yield change(lambda r, t: t.append(post))
    yield change(lambda r, t: t.extend([e for e in transcript if is_restart(e)][:1]))


def main(arguments):
    doctor = arguments[0] == "--doctor"
    result_path, transcript_path = arguments[1:] if doctor else arguments
    with open(result_path, encoding="utf-8") as file:
        result = json.load(file)
    with open(transcript_path, encoding="utf-8") as file:
        transcript = [json.loads(line) for line in file if line.strip()]
    if doctor:
        passed = [number for number, case in enumerate(spoilt(result, transcript)) if not judge(*case)]
        if passed:
            sys.exit(f"doctored results were believed: {passed}")
        print("every doctored result was refused")
        return
    wrong = judge(result, transcript)
    if wrong:
        sys.exit("the rehearsal is not as it must be:\n  " + "\n  ".join(wrong))
    outage = result["outage"]
    print(f"{outage['served']} served, {outage['refused']} refused, {result['wall_seconds']:.0f} s")


main(sys.argv[1:])
