const boxes = [...document.querySelectorAll(".box")];
const about = document.querySelector("#about");
const needsOf = new Map(
  boxes.map((box) => [box.id, box.dataset.needs ? box.dataset.needs.split(" ") : []]),
);

const label = (box) =>
  `${box.querySelector(".kind").textContent} ${box.querySelector(".name").textContent}`;
const byId = (id) => document.getElementById(id);

function part(name, title, list) {
  const line = document.createElement("div");
  const lead = document.createElement("b");
  lead.className = name;
  lead.textContent = `${title}: `;
  const shown = list.slice(0, 8).map(label).join(", ");
  const more = list.length > 8 ? ` and ${list.length - 8} more` : "";
  line.append(lead, list.length > 0 ? shown + more : "nothing");
  return line;
}

function look(box) {
  leave();
  const needs = needsOf.get(box.id).map(byId);
  const needed = boxes.filter((other) => needsOf.get(other.id).includes(box.id));
  document.body.classList.add("looking");
  box.classList.add("here");
  for (const other of needs) other.classList.add("is-needs");
  for (const other of needed) other.classList.add("is-needed");
  const title = document.createElement("strong");
  title.textContent = label(box);
  about.replaceChildren(
    title,
    part("needs", "waits for", needs),
    part("needed", "needed by", needed),
  );
  about.hidden = false;
}

function leave() {
  document.body.classList.remove("looking");
  for (const box of boxes) box.classList.remove("here", "is-needs", "is-needed");
  about.hidden = true;
}

for (const box of boxes) {
  box.addEventListener("pointerenter", () => look(box));
  box.addEventListener("pointerleave", leave);
  box.addEventListener("focus", () => look(box));
  box.addEventListener("blur", leave);
}
document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") leave();
});

const fold = document.querySelector("#fold");
fold.addEventListener("click", () => {
  const folded = fold.getAttribute("aria-pressed") !== "true";
  fold.setAttribute("aria-pressed", String(folded));
  for (const component of document.querySelectorAll(".component")) component.open = !folded;
});

// From the timeline to the box, which may be in a component that is folded.
for (const link of document.querySelectorAll(".timeline a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const box = byId(link.hash.slice(1));
    box.closest(".component").open = true;
    box.focus();
  });
}
