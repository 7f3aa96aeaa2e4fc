// Beside every text that is there to be copied: a button that does it.
for (const text of navigator.clipboard ? document.querySelectorAll('[data-copy]') : []) {
  const button = document.createElement('button');
  const said = document.createElement('span');
  button.type = 'button';
  button.className = 'button copy';
  button.textContent = 'Copy';
  said.className = 'vh';
  said.setAttribute('role', 'status');
  const say = (words) => {
    button.textContent = words;
    said.textContent = words;
    setTimeout(() => {
      button.textContent = 'Copy';
      said.textContent = '';
    }, 2000);
  };
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      say('Copied');
    } catch {
      // The browser does not allow it: marked, the keyboard copies it.
      getSelection().selectAllChildren(text);
      say('Marked: copy it by keyboard');
    }
  });
  text.before(button, said);
}
