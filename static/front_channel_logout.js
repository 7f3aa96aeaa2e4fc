// The page of a sign-out: goes on when every application's frame has loaded, or after three seconds. In the language that
// every browser's engine speaks: one that could not read it would stay here.

var loaded = 0;
var frames; // unknown while the page is being read

function goOn() {
  window.location.replace(document.getElementById('next').href);
}

function goOnWhenAllAreLoaded() {
  if (loaded === frames) goOn();
}

// The load event of a frame does not bubble, and may come before the page is read to its end.
document.addEventListener(
  'load',
  function (event) {
    if (event.target.tagName === 'IFRAME') loaded += 1;
    goOnWhenAllAreLoaded();
  },
  true
);

document.addEventListener('DOMContentLoaded', function () {
  frames = document.querySelectorAll('iframe').length;
  goOnWhenAllAreLoaded();
  setTimeout(goOn, 3000);
});
