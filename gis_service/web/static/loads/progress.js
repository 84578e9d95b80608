/* Follows a job: its words and its bar; the page is loaded again when it has ended. */

const page = document.querySelector("[data-watch]");
const words = page?.querySelector(".busy-words");
const bar = page?.querySelector("progress");
const EVERY_MS = 700, LATER_MS = 4000;

async function look() {
  let wait = EVERY_MS;
  try {
    const answer = await fetch(page.dataset.watch, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const { job, undoing, told } = await answer.json();
    const now = undoing ?? job;
    if (!["queued", "running"].includes(now.state)) {
      location.reload();
      return;
    }
    if (told && words.textContent !== told) words.textContent = told;
    if (now.total) {
      bar.max = now.total;
      bar.value = now.done;
    } else bar.removeAttribute("value");
  } catch {
    wait = LATER_MS; // the service may be starting again
  }
  setTimeout(look, wait);
}

if (page && words && bar) setTimeout(look, EVERY_MS);
