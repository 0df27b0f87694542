"""Every `meta/...` id, as data: one module a family, imported by `meta_envs`."""

from meta_envs.core.registration import register

from . import (
    arcade,
    bandits,
    change,
    classic,
    errands,
    few_shot,
    grids,
    lifetimes,
    locomotion,
    manipulation,
    mazes,
    mdps,
    memory,
    navigation,
    opponents,
    regression,
    rewards,
    tabletop,
    terrain,
)

_TABLES = (
    bandits.TABLE,
    mdps.TABLE,
    mazes.TABLE,
    grids.TABLE,
    navigation.TABLE,
    regression.TABLE,
    few_shot.TABLE,
    classic.TABLE,
    lifetimes.TABLE,
    locomotion.TABLE,
    manipulation.TABLE,
    arcade.TABLE,
    memory.TABLE,
    terrain.TABLE,
    rewards.TABLE,
    errands.TABLE,
    change.TABLE,
    opponents.TABLE,
    tabletop.TABLE,
)

for _table in _TABLES:
    for _row in _table:
        register(**_row)
