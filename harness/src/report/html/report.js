// Makes timelines interactive: one slider each, which shows one moment. Without this script every moment is a
// <details> that opens by itself.
'use strict';
document.documentElement.classList.add('js');
for (const element of document.querySelectorAll('.js-only')) element.hidden = false;

for (const timeline of document.querySelectorAll('.timeline')) {
  const slider = timeline.querySelector('input[type=range]');
  const moments = [...timeline.querySelectorAll('.moment')];
  const rows = [...timeline.querySelectorAll('tr.step')];
  const steps = timeline.querySelector('.steps');
  const [previous, next] = ['.previous', '.next'].map((name) => timeline.querySelector(name));
  const last = moments.length - 1;

  const show = (wanted) => {
    const step = Math.min(Math.max(wanted, 0), last);
    slider.value = String(step + 1);
    slider.setAttribute('aria-valuetext', moments[step].querySelector('summary').textContent.trim());
    moments.forEach((moment, index) => {
      moment.hidden = index !== step;
      moment.open = true;
    });
    rows.forEach((row, index) => {
      row.classList.toggle('current', index === step);
      if (index === step) row.setAttribute('aria-current', 'step');
      else row.removeAttribute('aria-current');
    });
    previous.disabled = step === 0;
    next.disabled = step === last;
    if (!rows[step].offsetParent) return;
    // Only the list scrolls, never the page.
    const row = rows[step].getBoundingClientRect();
    const frame = steps.getBoundingClientRect();
    if (row.top < frame.top + 40) steps.scrollTop += row.top - frame.top - 40;
    else if (row.bottom > frame.bottom) steps.scrollTop += row.bottom - frame.bottom + 8;
  };
  const now = () => Number(slider.value) - 1;

  slider.addEventListener('input', () => show(now()));
  previous.addEventListener('click', () => show(now() - 1));
  next.addEventListener('click', () => show(now() + 1));
  timeline.addEventListener('keydown', (event) => {
    if (event.target === slider || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowLeft: now() - 1, ArrowRight: now() + 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(step);
  });
  rows.forEach((row, index) => row.addEventListener('click', () => show(index)));
  // A summary would close its moment, and leave nothing to see.
  for (const summary of timeline.querySelectorAll('.moment > summary')) {
    summary.tabIndex = -1;
    summary.addEventListener('click', (event) => event.preventDefault());
  }
  show(Number(timeline.dataset.start));
  // A folded list has no place to scroll to yet.
  timeline.closest('details')?.addEventListener('toggle', () => show(now()));
}

for (const button of document.querySelectorAll('.copy')) {
  button.addEventListener('click', async () => {
    const text = button.dataset.copy;
    let copied = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = document.createElement('textarea');
      field.value = text;
      document.body.append(field);
      field.select();
      copied = document.execCommand('copy');
      field.remove();
      button.focus();
    }
    button.textContent = copied ? 'Copied' : 'Select it by hand';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
}

const reveal = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
};
addEventListener('hashchange', reveal);
reveal();

// Paper does not unfold.
addEventListener('beforeprint', () => {
  for (const folded of document.querySelectorAll('details.story')) folded.open = true;
});
