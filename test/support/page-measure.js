// Contrast as in WCAG 2: of each text with the first ground behind it.
(() => {
  const luminance = (color) => {
    const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    if (!element) return "rgb(255, 255, 255)";
    const color = getComputedStyle(element).backgroundColor;
    return /rgba\(.*, 0\)/.test(color) ? groundOf(element.parentElement) : color;
  };
  const found = { smallest: Infinity, contrast: Infinity, palest: "" };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent?.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(style.color), luminance(groundOf(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < found.contrast) {
      found.contrast = contrast;
      found.palest = walker.currentNode.textContent;
    }
    found.smallest = Math.min(found.smallest, Number.parseFloat(style.fontSize));
  }
  const root = document.documentElement;
  return {
    ...found,
    overflow: root.scrollWidth - root.clientWidth,
    ground: luminance(groundOf(document.body)),
  };
})();
