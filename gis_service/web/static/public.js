// "Use my position" on the public's page. Without this script it is searched by name.

"use strict";

(() => {
  const button = document.querySelector("[data-near]");
  if (!button) return;
  document.querySelector(".needs-script").hidden = true;
  const line = button.closest(".near");
  line.hidden = false;
  const status = line.querySelector("[role=status]");
  const tell = (text) => { status.textContent = text; };

  const go = ({ coords }) => {
    const address = new URL(button.dataset.near, location.href);
    address.searchParams.set("lang", document.documentElement.lang);
    address.searchParams.set("lon", coords.longitude.toFixed(3));
    address.searchParams.set("lat", coords.latitude.toFixed(3));
    address.hash = "found";
    location.assign(address);
  };

  button.addEventListener("click", () => {
    if (!window.isSecureContext || !navigator.geolocation) {
      tell(button.dataset.insecure);
      return;
    }
    tell(button.dataset.waiting);
    navigator.geolocation.getCurrentPosition(
      go, () => tell(button.dataset.failed), { maximumAge: 60_000, timeout: 15_000 },
    );
  });
})();
