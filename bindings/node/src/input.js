// An input that is read once and decided on often.

import { errorSlot, sark, slot } from "./native.js";
import { create, Handle, pointer } from "./handle.js";
import { Argument, toJson } from "./values.js";

const json = new Argument("json", 1 << 16);

/** Tells JSON text from a value that happens to be a string. */
class Text {
  constructor(document) {
    this.document = document;
  }
}

export class Input extends Handle {
  constructor(engine, value) {
    const bytes = json.takeJson(value instanceof Text ? value.document : toJson(value));
    super(
      create(sark.sark_input_parse(pointer(engine), bytes, json.length, slot, errorSlot)), sark.sark_input_free, sark.sark_input_close,
    );
  }

  static fromJson(engine, document) {
    return new Input(engine, new Text(document));
  }
}
