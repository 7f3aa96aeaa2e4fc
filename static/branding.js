// The samples show at once what is typed; the server judges it when it is sent.
const form = document.querySelector('#branding');
const parts = (name) => document.querySelectorAll(`[data-sample="${name}"]`);
const beneath = (input) => input.closest('[data-beneath]').dataset.beneath;

const name = form.querySelector('#name');
name.addEventListener('input', () => {
  for (const part of parts('name')) part.textContent = name.value.trim() || beneath(name);
});

/** A fifth of the way to black or white, as the server mixes it. */
const towards = (digits, to) => '#' + digits.match(/../g)
  .map((pair) => Math.floor((Number.parseInt(pair, 16) * 4 + to) / 5).toString(16).padStart(2, '0')).join('');

for (const [scheme, on, to] of [['light', '#ffffff', 0], ['dark', '#000000', 255]]) {
  const input = form.querySelector(`#accent_${scheme}`);
  const sample = form.querySelector(`.scheme-${scheme}`);
  input.addEventListener('input', () => {
    const colour = input.value.trim() || beneath(input);
    if (!/^#[0-9a-f]{6}$/i.test(colour)) return;
    sample.style.setProperty('--accent', colour);
    sample.style.setProperty('--accent-strong', towards(colour.slice(1), to));
    sample.style.setProperty('--on-accent', on);
  });
}

const logo = form.querySelector('#logo');
const remove = form.querySelector('#remove_logo');
const stored = parts('logo')[0].getAttribute('src');
let chosen = '';
const showLogo = () => {
  const address = chosen || (remove?.checked ? beneath(logo) : stored);
  for (const part of parts('logo')) part.src = address;
};
logo.addEventListener('change', () => {
  if (chosen) URL.revokeObjectURL(chosen);
  chosen = logo.files.length ? URL.createObjectURL(logo.files[0]) : '';
  showLogo();
});
remove?.addEventListener('change', showLogo);
