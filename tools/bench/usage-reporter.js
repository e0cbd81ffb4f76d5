// Each measured server loads this file. It reports the CPU and memory of the process on request.
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() });
});
process.channel?.unref();
