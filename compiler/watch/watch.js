// The live part of the page: it follows the program's state, and asks it for changes.
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  let shown = Number($("status").dataset.version);
  $("watch").dataset.page = shown;
  let wanted = shown;
  let fetching = false;
  let chosen = "";

  function tell(state) {
    $("status").textContent = state.status || "";
    $("watch").className = `watch ${state.phase || ""}`;
    const bar = $("share");
    bar.hidden = state.share === null || state.share === undefined;
    if (!bar.hidden) bar.value = state.share;
    const problems = $("problems");
    const html = state.problems || "";
    if (problems.dataset.html !== html) {
      problems.dataset.html = html;
      problems.innerHTML = html;
    }
    problems.hidden = !html;
    wanted = state.version;
    if (wanted > shown) renew();
  }

  async function renew() {
    if (fetching) return;
    fetching = true;
    try {
      while (wanted > shown) {
        const response = await fetch("./", { cache: "no-store" });
        if (!response.ok) return;
        const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
        shown = Number(fresh.getElementById("status").dataset.version);
        take(fresh);
      }
    } finally {
      fetching = false;
    }
  }

  function take(fresh) {
    const had = Boolean($("screen"));
    if (had !== Boolean(fresh.getElementById("screen"))) {
      location.reload();
      return;
    }
    const [board, takes] = [fresh.getElementById("board"), fresh.getElementById("takes")];
    board.open = $("board").open || board.open;
    $("board").replaceWith(board);
    if ($("takes").innerHTML !== takes.innerHTML) $("takes").replaceWith(takes);
    if (had) document.dispatchEvent(new CustomEvent("otio-update", { detail: fresh }));
    choose(chosen);
    $("watch").dataset.page = shown;
  }

  function choose(name) {
    chosen = name;
    for (const one of all(".slot-takes")) one.hidden = one.dataset.slot !== name;
  }
  document.addEventListener("otio-select", (event) => choose(event.detail));

  async function ask(what, body) {
    const response = await fetch(`./do/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({ error: response.statusText }));
    if (answer.error) {
      $("diff").textContent = answer.error;
      $("write").hidden = true;
      if (!$("proposal").open) $("proposal").showModal();
      return null;
    }
    return answer;
  }

  let edit = "";
  async function propose(button) {
    const slot = button.closest(".slot-takes").dataset.slot;
    const change = { slot, what: button.dataset.propose };
    if (change.what === "take") change.take = button.dataset.take;
    if (change.what === "renderer") {
      change.renderer = button.closest(".slot-takes").querySelector("[data-renderer]").value;
    }
    const answer = await ask("propose", change);
    if (!answer) return;
    edit = answer.edit;
    $("diff").replaceChildren(
      ...answer.diff.split("\n").map((line) => {
        const one = document.createElement("span");
        one.className = { "+": "added", "-": "removed" }[line[0]] || "";
        one.textContent = `${line}\n`;
        return one;
      }),
    );
    $("write").hidden = !edit;
    $("proposal").showModal();
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.propose) propose(button);
    if (button.dataset.approve) ask("approve", { keys: button.dataset.approve.split(" ") });
    if (button.id === "cancel") $("proposal").close();
    if (button.id === "write" && (await ask("write", { edit }))) $("proposal").close();
  });

  const source = new EventSource("./events");
  source.addEventListener("message", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    $("status").textContent = "The program has ended; start it again for a new address.";
    $("watch").className = "watch ended";
    $("share").hidden = true;
  });
})();
