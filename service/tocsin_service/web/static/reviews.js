// The dashboard works without script, but for marking words. This only makes it quicker.
import { alarm } from "./reviews-alarm.js";
import { care } from "./reviews-care.js";
import { claim } from "./reviews-claim.js";
import { counts } from "./reviews-counts.js";
import { keyboard } from "./reviews-keyboard.js";
import { panel } from "./reviews-panel.js";
import { rail } from "./reviews-rail.js";

alarm(document.querySelector("[data-alarm]"));
care();
keyboard();
counts(document.querySelector("[data-counts]"));
rail(document.querySelector(".rail"));

const decide = document.getElementById("decide");
if (decide) {
  panel(decide);
  claim(decide);
}
