// Several changes of an engine, all or nothing.

import { errorSlot, options, sark, slot, Struct } from "./native.js";
import { check } from "./error.js";
import { create, Handle, pointer } from "./handle.js";
import { byteLength, Argument, rego, text, toJson } from "./values.js";

const json = new Argument("json", 1 << 12);
const revisionInfo = new Struct("sark_revision_info");

export class Update extends Handle {
  constructor(engine) {
    super(create(sark.sark_update_new(pointer(engine), slot, errorSlot)), sark.sark_update_free);
  }

  loadPolicy(name, source, { regoVersion } = {}) {
    text("name", name);
    text("rego", source);
    const settings = options("sark_load_options", { rego_version: rego(regoVersion) });
    check(sark.sark_update_load_policy(pointer(this), name, byteLength(name), source, byteLength(source), settings, errorSlot));
  }

  removePolicy(name) {
    check(sark.sark_update_remove_policy(pointer(this), text("name", name), byteLength(name), errorSlot));
  }

  clearPolicies() {
    check(sark.sark_update_clear_policies(pointer(this), errorSlot));
  }

  setData(data) {
    this.setDataJson(toJson(data));
  }

  setDataJson(document) {
    const bytes = json.takeJson(document);
    check(sark.sark_update_set_data(pointer(this), bytes, json.length, null, errorSlot));
  }

  patchData(path, data) {
    this.patchDataJson(path, toJson(data));
  }

  patchDataJson(path, document) {
    text("path", path);
    const bytes = json.takeJson(document);
    check(sark.sark_update_patch_data(pointer(this), path, byteLength(path), bytes, json.length, null, errorSlot));
  }

  commit(expectedRevision) {
    const expected = expectedRevision === undefined ? null : text("expectedRevision", expectedRevision);
    const length = expected === null ? 0 : byteLength(expected);
    check(sark.sark_update_commit(pointer(this), expected, length, revisionInfo.memory, errorSlot));
    return revisionInfo.read().revision;
  }
}
