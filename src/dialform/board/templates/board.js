"use strict";
// The page can be read without this: it filters, and shows what is behind a tile in a dialog.
const page = document.documentElement;
const dialog = document.querySelector("dialog");
const opened = dialog.querySelector(".opened");
const tools = document.querySelector(".tools");
const field = document.getElementById("filter");
const rows = [...document.querySelectorAll("tbody tr")];
let from = "";
const said = rows.map((row) => row.textContent.toLowerCase());
page.classList.add("js");
tools.hidden = rows.length === 0;

function section(id) {
  const found = document.getElementById(id);
  return found && found.matches(".behind") ? found : null;
}

// A text's body; parts that it shares with others are put in their places.
function whole(text) {
  const copy = text.querySelector(".text").cloneNode(true);
  copy.querySelectorAll("a.part").forEach((link) => {
    link.replaceWith(section(link.hash.slice(1)).querySelector("pre").textContent);
  });
  copy.normalize();
  return copy;
}

function fold(link, isOpen) {
  const made = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = link.textContent;
  made.append(summary);
  made.open = isOpen;
  const fill = () => {
    const text = section(link.hash.slice(1));
    if (made.open && made.children.length === 1 && text) {
      made.append(whole(text));
    }
  };
  made.addEventListener("toggle", fill);
  fill();
  return made;
}

function show() {
  const found = section(location.hash.slice(1));
  if (!found) {
    from = "";
    dialog.close();
    return;
  }
  from = location.hash;
  const copy = found.cloneNode(true);
  copy.querySelector(".text")?.replaceWith(whole(found));
  copy.querySelectorAll(".links a").forEach((link, at) => {
    link.closest("li").replaceWith(fold(link, at === 0));
  });
  copy.querySelectorAll(".links").forEach((list) => list.replaceWith(...list.children));
  opened.replaceChildren(...copy.children);
  const heading = opened.querySelector("h2");
  heading.id = "opened";
  heading.tabIndex = -1;
  if (!dialog.open) {
    dialog.showModal();
  }
  dialog.scrollTop = 0;
  heading.focus();
}

function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, at) => {
    row.hidden = !words.every((word) => said[at].includes(word));
    shown += row.hidden ? 0 : 1;
  });
  tools.querySelector("output").value = words.length ? `${shown} of ${rows.length}` : "";
  tools.querySelectorAll("button").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.words === field.value));
  });
}

tools.addEventListener("submit", (event) => event.preventDefault());
tools.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) {
    field.value = field.value === button.dataset.words ? "" : button.dataset.words;
    filter();
  }
});
field.addEventListener("input", filter);
dialog.addEventListener("close", () => {
  if (location.hash) {
    history.replaceState(null, "", location.href.split("#")[0]);
  }
  // Going to a fragment took the focus from the link, so the dialog can't give it back.
  const link = [...document.querySelectorAll(".tile")].find((one) => one.hash === from);
  link?.focus({ preventScroll: true });
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) {
    dialog.close();
  }
});
// A modal dialog lies over the first sheet; what is open in it follows the table instead.
window.addEventListener("beforeprint", () => {
  const copy = opened.cloneNode(true);
  copy.querySelector("h2")?.removeAttribute("id");
  document.querySelector(".paper").replaceChildren(...(dialog.open ? copy.children : []));
});
window.addEventListener("hashchange", show);
show();
