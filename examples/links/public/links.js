const form = document.querySelector('form');
const alert = document.querySelector('[role=alert]');
const made = document.querySelector('#made');
const anchor = made.querySelector('a');
const clicks = made.querySelector('output');
let events;

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const response = await fetch('/links', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  });
  const { slug, link, errors } = await response.json();
  alert.textContent = errors ? Object.entries(errors).flat().join(': ') : '';
  if (!response.ok) return;
  anchor.href = anchor.textContent = link;
  clicks.value = 0;
  made.hidden = false;
  events?.close();
  events = new EventSource(`/links/${slug}/live`);
  events.addEventListener('click', () => {
    clicks.value = Number(clicks.value) + 1;
  });
});
