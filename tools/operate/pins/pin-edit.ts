import { isScalar, parseDocument } from "yaml";
import { PlanError } from "../../graph/plan-error.ts";
import { type Pin, settingOf } from "./newer-pins.ts";

/**
 * The text of a stack's file with what is newer. All else stays as it is, byte for byte.
 *
 * @throws {PlanError} if a pin does not stand in the file as a value of its own
 */
export function withNewerPins(text: string, pins: Pin[], file: string): string {
  const document = parseDocument(text);
  const edits = pins.flatMap((pin) => {
    const [slice, ...path] = pin.setting;
    const node = document.getIn(["config", `platform:${slice}`, ...path], true);
    if (pin.newer === undefined) return [];
    if (!isScalar(node) || !node.range || node.value !== pin.version) {
      throw new PlanError(`${file}: ${settingOf(pin)} is not written as ${pin.version} there`);
    }
    const [start, end] = node.range;
    return [{ start, end, value: text.slice(start, end).replace(pin.version, pin.newer) }];
  });
  return edits
    .toSorted((one, other) => other.start - one.start)
    .reduce((all, { start, end, value }) => all.slice(0, start) + value + all.slice(end), text);
}
