// The page of a sign-out: goes on when every application's frame has loaded, or after three seconds.

let loaded = 0;
let frames; // unknown while the page is being read

function goOn() {
  location.replace(document.getElementById('next').href);
}

function goOnWhenAllAreLoaded() {
  if (loaded === frames) goOn();
}

// The load event of a frame does not bubble, and may come before the page is read to its end.
document.addEventListener(
  'load',
  ({ target }) => {
    if (target instanceof HTMLIFrameElement) loaded += 1;
    goOnWhenAllAreLoaded();
  },
  true,
);

document.addEventListener('DOMContentLoaded', () => {
  frames = document.querySelectorAll('iframe').length;
  goOnWhenAllAreLoaded();
  setTimeout(goOn, 3000);
});
