"""`metazoo completion`: what a shell needs to complete the whole command."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union

import tyro
from tyro.extras import subcommand_cli_from_dict

import meta_envs

from .. import ALGORITHMS
from . import find, flags
from .baselines import baseline_names
from .train import TrainOptions

Shell = Literal["bash", "zsh", "fish"]

# tyro's scripts know commands and flags; these add what stands without a flag: {name} is ours
_MORE = {
    "bash": """
_metazoo() {{
  _tyro_metazoo
  local cur="${{COMP_WORDS[COMP_CWORD]}}" names=""
  [[ "$cur" == -* || COMP_CWORD -lt 2 ]] && return
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  COMPREPLY+=($(compgen -W "$names" -- "$cur"))
}}
complete -o default -F _metazoo metazoo
""",
    "zsh": """
if [[ $words[CURRENT] != -* ]] && (( CURRENT > 2 )); then
  case $words[2] in
{cases}
  esac
fi
""",
    "fish": "\n{cases}\n",
}
_CASE = {
    "bash": '    {command}) names="{names}" ;;',
    "zsh": "    {command}) compadd -- {names} ;;",
    "fish": "complete -c metazoo -f -n '__fish_seen_subcommand_from {command}' -a '{names}'",
}


def completion(
    shell: Annotated[Shell, tyro.conf.Positional],
) -> int:
    """Print a script with which a shell completes commands, names, ids and flags.

    Make it anew after installing another version.

    For example:
      metazoo completion bash > ~/.local/share/bash-completion/completions/metazoo
      metazoo completion zsh > "${fpath[1]}/_metazoo"
      metazoo completion fish > ~/.config/fish/completions/metazoo.fish

    Args:
        shell: Which shell.
    """
    print(script(shell), end="")
    return 0


def script(shell: Shell) -> str:
    """Return the script of a shell: tyro's for commands and flags, and ours for names."""
    from .main import COMMANDS, load

    commands = {
        name: _train() if name == "train" else load(place)
        for name, (place, _, _) in COMMANDS.items()
    }
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        subcommand_cli_from_dict(commands, prog="metazoo", args=["--tyro-print-completion", shell])
    cases = [
        _CASE[shell].format(command=command, names=" ".join(names))
        for command, names in _names().items()
    ]
    return printed.getvalue() + _MORE[shell].format(cases="\n".join(cases))


def _names() -> dict[str, list[str]]:
    """Return what may stand behind each command without a flag before it."""
    ids, algorithms = list(meta_envs.list_distributions()), list(ALGORITHMS)
    players = ["runs/last", *baseline_names()]
    return {
        "train": ids,  # tyro's script has the algorithms
        "tune": [*algorithms, *ids],
        "evaluate": [*players, *algorithms, *ids],
        "describe": ids,
        "list": ids,
        "benchmark": ["quick", "classics", "metaworld"],
        "check": [*ids, *algorithms],
        "play": [*ids, *players, *algorithms],
        "video": [*ids, *players, *algorithms],
    }


def _train() -> Callable[..., int]:
    """Return `train` with a subcommand an algorithm, so that each one's flags are known."""
    plain = tyro.conf.OmitArgPrefixes
    each = []
    for name in ALGORITHMS:
        cls = find.algorithm(name)
        own = cls.__name__  # as in `train`
        made = dataclasses.make_dataclass(
            "Both", [("run", plain[TrainOptions]), (own, plain[flags.arguments_class(cls)])]
        )
        each.append(Annotated[made, tyro.conf.subcommand(name, prefix_name=False)])

    def train(algorithm: Any) -> int:
        return 0  # never called: the script is printed before

    train.__annotations__ = {"algorithm": Union[tuple(each)], "return": int}  # noqa: UP007
    return train
