// Finds what people stumble over on the page as it is shown, and returns a line for each fault:
// text or controls of too little contrast (WCAG 2.2, 1.4.3 and 1.4.11, level AA), what reaches out
// of the window, controls that are small, covered or without a name, and names that occur twice.
(() => {
  const faults = [];
  const describe = (element) =>
    `<${element.tagName.toLowerCase()} id="${element.id}">${(element.textContent || "").trim().slice(0, 40)}`;
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true });

  const color = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  };
  const over = (top, under) => {
    const mix = (part) => top[part] * top.alpha + under[part] * (1 - top.alpha);
    return { red: mix("red"), green: mix("green"), blue: mix("blue"), alpha: 1 };
  };
  const luminance = ({ red, green, blue }) => {
    const linear = (part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  // What is painted behind the content of an element; the canvas is white where nothing is.
  const behind = (element) => {
    if (!element) return color("rgb(255, 255, 255)");
    const own = color(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own : over(own, behind(element.parentElement));
  };
  const demand = (element, what, ratio, least) => {
    if (ratio < least) faults.push(`${what} has ${ratio.toFixed(2)}, not ${least}: ${describe(element)}`);
  };

  for (const element of document.body.querySelectorAll("*")) {
    if (!isShown(element)) continue;
    const style = getComputedStyle(element);
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (hasText || element.tagName === "INPUT") {
      const back = behind(element);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      demand(element, "text", contrast(over(color(style.color), back), back), isLarge ? 3 : 4.5);
    }
    const box = element.getBoundingClientRect();
    if (box.right > document.documentElement.clientWidth + 0.5 || box.left < -0.5) faults.push(`out of the window: ${describe(element)}`);
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && style.display !== "inline") {
      faults.push(`wider than its place: ${describe(element)}`);
    }
  }

  const modal = document.querySelector("dialog[open]");
  for (const control of (modal ?? document).querySelectorAll("button, input, a")) {
    if (!isShown(control)) continue;
    const style = getComputedStyle(control);
    const around = behind(control.parentElement);
    const edge = Math.max(
      contrast(over(color(style.borderTopColor), around), around),
      contrast(behind(control), around),
    );
    demand(control, "the edge", edge, 3);
    const name = control.getAttribute("aria-label") || control.textContent || control.labels?.[0]?.textContent;
    if (!name?.trim()) faults.push(`without a name: ${describe(control)}`);
    control.scrollIntoView({ block: "center", behavior: "instant" });
    const box = control.getBoundingClientRect();
    if (box.width < 44 || box.height < 44) faults.push(`small: ${describe(control)}`);
    const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!control.contains(there)) faults.push(`covered: ${describe(control)}`);
  }
  if (!modal) scrollTo({ top: 0, behavior: "instant" });

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) faults.push(`twice: ${id}`);
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) faults.push("the page scrolls sideways");
  if (!document.documentElement.lang || !document.title) faults.push("the page has no language or title");
  return faults;
})()
