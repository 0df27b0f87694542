"""The gallery: a wall of films and curves, filtered by family and agent without a server."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence

import meta_envs

from . import listing, markdown
from .curves import Curve
from .films import Film


def page(films: Mapping[str, Film], curves: Sequence[Curve]) -> str:
    """Return the page of the gallery."""
    # learners first; then the first id of every family and the second ones: neighbours differ
    places = {id: names.index(id) for names in listing.families().values() for id in names}
    order = sorted(films.values(), key=lambda one: (not one.agent, places[one.id], one.id))
    shown = [_film(one) for one in order] + [_curve(one) for one in curves]
    seen = {curve.agent for curve in curves} | {film.agent for film in films.values()}
    names = {name: listing.agent_class(name).__name__ for name in listing.agent_pages()}
    agents = {name: names[name] for name in names if name in seen}
    controls = (
        '<form class="filters" id="filters" role="search" aria-label="Filter the gallery">'
        + _choice(
            "kind", "show", {"film": "films", "adaptation": "adaptation", "learning": "learning"}
        )
        + _choice("family", "family", {one: one for one in listing.families()})
        + _choice("agent", "agent", agents)
        + '<output id="count" aria-live="polite"></output></form>'
    )
    wall = f'<div class="wall" id="wall">{"".join(shown)}</div>'
    script = '<script src="_static/gallery.js" defer></script>'
    return "\n\n".join(
        [
            "---\nhide-toc: true\n---",
            "# Gallery",
            "Every task distribution at play, by a pretrained agent where there is one, else by a "
            "learner made by hand; and what agents have learnt (each line of a curve is a seed). "
            "Pictures lead to their pages.",
            markdown.raw(controls + wall + script),
        ]
    )


def _film(film: Film) -> str:
    link = f"{listing.id_pages()[film.id]}.html"
    family = meta_envs.card(film.id).family.split(".")[1]
    # the still, which is small; gallery.js shows the film while it is in view
    picture = markdown.picture("gallery", film.still, film.alt)
    picture = picture.replace("<img ", f'<img data-film="{film.path}" ')
    told = f"{film.id}<small>{film.player} at play</small>"
    return _card(link, picture, told, kind="film", family=family, agent=film.agent)


def _curve(curve: Curve) -> str:
    link = f"{listing.agent_pages()[curve.agent]}.html"
    pages = listing.id_pages()
    family = pages[curve.id].split("/")[1] if curve.id in pages else ""
    picture = markdown.picture("gallery", curve.path, curve.alt)
    name = listing.agent_class(curve.agent).__name__
    told = f"{name} on {curve.id}<small>{html.escape(curve.caption.partition('(')[2])}</small>"
    told = told.replace("):", ":")
    return _card(link, picture, told, kind=curve.kind, family=family, agent=curve.agent)


def _card(link: str, picture: str, told: str, **data: str) -> str:
    kept = " ".join(f'data-{key}="{html.escape(value)}"' for key, value in data.items())
    return f'<a class="card" href="{link}" {kept}>{picture}<span>{told}</span></a>'


def _choice(name: str, label: str, options: Mapping[str, str]) -> str:
    listed = _options({"": "all", **options}.items())
    return f'<label>{label} <select name="{name}">{listed}</select></label>'


def _options(options: Iterable[tuple[str, str]]) -> str:
    return "".join(f'<option value="{value}">{shown}</option>' for value, shown in options)
