// Shows the cards that fit what is chosen; the choice stands in the address, so that it can be shared.
"use strict";
(() => {
  const form = document.getElementById("filters");
  const cards = [...document.querySelectorAll("#wall .card")];
  const fields = ["kind", "family", "agent"];

  function show() {
    const wanted = Object.fromEntries(fields.map((name) => [name, form.elements[name].value]));
    let count = 0;
    for (const card of cards) {
      card.hidden = fields.some((name) => wanted[name] && card.dataset[name] !== wanted[name]);
      count += card.hidden ? 0 : 1;
    }
    document.getElementById("count").textContent = `${count} of ${cards.length}`;
    const chosen = fields.filter((name) => wanted[name]).map((name) => [name, wanted[name]]);
    history.replaceState(null, "", `#${new URLSearchParams(chosen)}`);
  }

  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of fields) {
    const options = [...form.elements[name].options].map((option) => option.value);
    if (options.includes(given.get(name))) form.elements[name].value = given.get(name);
  }
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();

  // Films run while they are in view, and not for those who asked their system for less motion.
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const stills = new Map();
  const inView = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!stills.has(target)) stills.set(target, target.src);
      target.src = isIntersecting ? target.dataset.film : stills.get(target);
    }
  });
  addEventListener("load", () => {
    for (const image of document.querySelectorAll("img[data-film]")) inView.observe(image);
  });
})();
