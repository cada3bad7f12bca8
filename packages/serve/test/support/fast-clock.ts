// For --import: a process whose clock runs sixty times as fast. Its timers do not.

const now = performance.now.bind(performance);
performance.now = () => now() * 60;
