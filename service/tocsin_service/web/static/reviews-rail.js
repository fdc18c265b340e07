// The filters are open beside the list, and closed above it where the screen is narrow. As narrow is as in reviews.css.

export function rail(details) {
  if (!details) return;
  const wide = matchMedia("(min-width: 48.01rem)");
  const fit = () => {
    details.open = wide.matches;
    details.dataset.ready = "";
  };
  wide.addEventListener("change", fit);
  fit();
}
