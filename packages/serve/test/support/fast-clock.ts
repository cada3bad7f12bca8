// For --import: a process whose clock runs SPEED times as fast, or sixty times. Its timers do not.

const speed = Number(process.env.SPEED ?? 60);
const now = performance.now.bind(performance);
performance.now = () => now() * speed;
