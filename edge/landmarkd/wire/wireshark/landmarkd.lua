-- landmarkd wire 2 for Wireshark and tshark.
--
-- Generated from edge/landmarkd/wire/schema.py by `python -m tools.wire_generate`; change that, not this.
-- SPDX-License-Identifier: MIT
--
-- Use: tshark -X lua_script:landmarkd.lua -r drive.pcap -Y 'landmarkd.status.yaw > 20'
-- It finds datagrams of landmarkd on any UDP port by their checksum.

local Selection = { flags = false, names = { [0] = "none", [1] = "ibug68", [2] = "eyes", [3] = "all" } }
local Attention = { flags = false, names = { [0] = "unknown", [1] = "attentive", [2] = "distracted", [3] = "drowsy", [4] = "asleep", [5] = "unresponsive", [6] = "absent", [7] = "blocked" } }
local Lids = { flags = false, names = { [0] = "unknown", [1] = "open", [2] = "closed", [3] = "down" } }
local GazeZone = { flags = false, names = { [0] = "unknown", [1] = "road", [2] = "mirror_left", [3] = "mirror_right", [4] = "centre_stack", [5] = "lap", [6] = "phone", [7] = "off", [8] = "other", [9] = "mirror_inside", [10] = "instruments" } }
local EventKind = { flags = false, names = { [0] = "unknown", [1] = "blink", [2] = "long_closure", [3] = "microsleep", [4] = "sleep", [5] = "unresponsive", [6] = "drowsiness", [7] = "yawn", [8] = "long_distraction", [9] = "time_sharing", [10] = "no_driver", [11] = "camera_blocked", [12] = "eyes_covered", [13] = "face_covered" } }
local EventPhase = { flags = false, names = { [0] = "begin", [1] = "escalate", [2] = "end" } }
local ClockQuality = { flags = false, names = { [0] = "unknown", [1] = "unsynchronised", [2] = "synchronised" } }
local StatusFlag = { flags = true, names = { [1] = "face", [2] = "driver", [4] = "calibrating", [8] = "right_p80", [16] = "right_closed", [32] = "left_p80", [64] = "left_closed", [128] = "degraded_delegate", [256] = "degraded_camera", [512] = "degraded_other" } }
local PointsFlag = { flags = true, names = { [1] = "raw" } }

local HEADER = {
    { name = "version", kind = "u8", size = 1, scale = 1, unit = "", doc = "version of the protocol, 2" },
    { name = "type", kind = "u8", size = 1, scale = 1, unit = "", doc = "type of the message" },
    { name = "sequence", kind = "u16", size = 2, scale = 1, unit = "", doc = "counts the messages of this stream and wraps; a gap is a message that was lost" },
    { name = "frame", kind = "u32", size = 4, scale = 1, unit = "", doc = "number of the frame at its source; all messages about one frame share it" },
    { name = "captured_ns", kind = "u64", size = 8, scale = 1, unit = "ns", doc = "capture time of the frame on the sender's monotonic clock" },
}

local MESSAGES = {
  [1] = {
    name = "HELLO",
    minimum = 195, fields = {
    { name = "boot_id", kind = "u64", size = 8, scale = 1, unit = "", doc = "random, differs at each start of the sender" },
    { name = "device", kind = "char", size = 24, scale = 1, unit = "", doc = "name of the unit" },
    { name = "model", kind = "char", size = 24, scale = 1, unit = "", doc = "name of the landmark model" },
    { name = "model_hash", kind = "bytes", size = 8, scale = 1, unit = "", doc = "first 8 bytes of the SHA-256 of the model's file" },
    { name = "layout", kind = "char", size = 16, scale = 1, unit = "", doc = "name of the landmark layout" },
    { name = "landmarks", kind = "u16", size = 2, scale = 1, unit = "", doc = "points in the layout" },
    { name = "width", kind = "u16", size = 2, scale = 1, unit = "px", doc = "width of the image" },
    { name = "height", kind = "u16", size = 2, scale = 1, unit = "px", doc = "height of the image" },
    { name = "selection", kind = "u8", size = 1, scale = 1, unit = "", doc = "points that the sender promises", values = Selection },
    { name = "distorted", kind = "u8", size = 1, scale = 1, unit = "", doc = "1 if k1 to k3 are to be applied" },
    { name = "points_hz", kind = "u16", size = 2, scale = 100, unit = "Hz", doc = "complete sets of points promised; 0 is one for every frame" },
    { name = "status_hz", kind = "u16", size = 2, scale = 100, unit = "Hz", doc = "most STATUS per second; 0 is one for every frame" },
    { name = "fx", kind = "u32", size = 4, scale = 256, unit = "px", doc = "focal length; 0 when the intrinsics are not known" },
    { name = "fy", kind = "u32", size = 4, scale = 256, unit = "px", doc = "focal length" },
    { name = "cx", kind = "i32", size = 4, scale = 256, unit = "px", doc = "principal point" },
    { name = "cy", kind = "i32", size = 4, scale = 256, unit = "px", doc = "principal point" },
    { name = "k1", kind = "i32", size = 4, scale = 1000000, unit = "", doc = "distortion, OpenCV's model" },
    { name = "k2", kind = "i32", size = 4, scale = 1000000, unit = "", doc = "distortion" },
    { name = "p1", kind = "i32", size = 4, scale = 1000000, unit = "", doc = "distortion" },
    { name = "p2", kind = "i32", size = 4, scale = 1000000, unit = "", doc = "distortion" },
    { name = "k3", kind = "i32", size = 4, scale = 1000000, unit = "", doc = "distortion" },
    { name = "camera", kind = "char", size = 24, scale = 1, unit = "", doc = "where the intrinsics came from, such as guess:60deg" },
    { name = "release", kind = "char", size = 16, scale = 1, unit = "", doc = "version of the sender's landmarkd" },
    { name = "utc_offset_ns", kind = "u64", size = 8, scale = 1, unit = "ns", doc = "add it to a time of this stream to have UTC since 1970", unknown = 0 },
    { name = "clock", kind = "u8", size = 1, scale = 1, unit = "", doc = "how far utc_offset_ns can be trusted", values = ClockQuality },
  } },
  [2] = {
    name = "STATUS",
    minimum = 96, fields = {
    { name = "flags", kind = "u16", size = 2, scale = 1, unit = "", doc = "what holds", values = StatusFlag },
    { name = "track", kind = "u16", size = 2, scale = 1, unit = "", doc = "person that is followed; rises when another is noticed; 0: unknown" },
    { name = "score", kind = "u8", size = 1, scale = 255, unit = "", doc = "probability that this is a face" },
    { name = "attention", kind = "u8", size = 1, scale = 1, unit = "", doc = "the driver's attention", values = Attention },
    { name = "level", kind = "u8", size = 1, scale = 1, unit = "", doc = "severity of the worst running event, 0 to 3" },
    { name = "active", kind = "u8", size = 1, scale = 1, unit = "", doc = "running events" },
    { name = "eyes", kind = "u8", size = 1, scale = 1, unit = "", doc = "both eyes together", values = Lids },
    { name = "eye_right", kind = "u8", size = 1, scale = 1, unit = "", doc = "the right eye", values = Lids },
    { name = "eye_left", kind = "u8", size = 1, scale = 1, unit = "", doc = "the left eye", values = Lids },
    { name = "zone", kind = "u8", size = 1, scale = 1, unit = "", doc = "where the driver looks", values = GazeZone },
    { name = "yaw", kind = "i16", size = 2, scale = 100, unit = "deg", doc = "head, > 0 turns the nose to image left" },
    { name = "pitch", kind = "i16", size = 2, scale = 100, unit = "deg", doc = "head, > 0 looks up" },
    { name = "roll", kind = "i16", size = 2, scale = 100, unit = "deg", doc = "head, > 0 is clockwise in the image" },
    { name = "qw", kind = "i16", size = 2, scale = 32767, unit = "", doc = "head frame to camera frame, unit quaternion: w >= 0" },
    { name = "qx", kind = "i16", size = 2, scale = 32767, unit = "", doc = "the same, x" },
    { name = "qy", kind = "i16", size = 2, scale = 32767, unit = "", doc = "the same, y" },
    { name = "qz", kind = "i16", size = 2, scale = 32767, unit = "", doc = "the same, z" },
    { name = "x", kind = "i16", size = 2, scale = 1, unit = "mm", doc = "midpoint between the eyes, camera frame, right" },
    { name = "y", kind = "i16", size = 2, scale = 1, unit = "mm", doc = "the same, down" },
    { name = "z", kind = "i16", size = 2, scale = 1, unit = "mm", doc = "the same, forward" },
    { name = "residual", kind = "u8", size = 1, scale = 1000, unit = "", doc = "misfit of the head's pose over the face's size" },
    { name = "sigma", kind = "u8", size = 1, scale = 16, unit = "px", doc = "mean standard deviation of the points", unknown = 255 },
    { name = "gaze_yaw", kind = "i16", size = 2, scale = 100, unit = "deg", doc = "gaze, camera frame, signs as the head", unknown = -32768 },
    { name = "gaze_pitch", kind = "i16", size = 2, scale = 100, unit = "deg", doc = "the same, pitch", unknown = -32768 },
    { name = "gaze_sigma_yaw", kind = "u8", size = 1, scale = 4, unit = "deg", doc = "standard deviation of gaze_yaw", unknown = 255 },
    { name = "gaze_sigma_pitch", kind = "u8", size = 1, scale = 4, unit = "deg", doc = "the same, gaze_pitch", unknown = 255 },
    { name = "openness_right", kind = "u8", size = 1, scale = 200, unit = "", doc = "1 is this person's open right eye, 0 is shut; at most 1.25", unknown = 255 },
    { name = "openness_left", kind = "u8", size = 1, scale = 200, unit = "", doc = "the same, left eye", unknown = 255 },
    { name = "openness_sigma_right", kind = "u8", size = 1, scale = 200, unit = "", doc = "standard deviation of openness_right", unknown = 255 },
    { name = "openness_sigma_left", kind = "u8", size = 1, scale = 200, unit = "", doc = "the same, left eye", unknown = 255 },
    { name = "aperture_right", kind = "u8", size = 1, scale = 400, unit = "", doc = "gap of the lids over the width of the eye" },
    { name = "aperture_left", kind = "u8", size = 1, scale = 400, unit = "", doc = "the same, left eye" },
    { name = "closed_right", kind = "u8", size = 1, scale = 250, unit = "", doc = "probability that the right eye is shut", unknown = 255 },
    { name = "closed_left", kind = "u8", size = 1, scale = 250, unit = "", doc = "the same, left eye", unknown = 255 },
    { name = "down_right", kind = "u8", size = 1, scale = 250, unit = "", doc = "probability that the right lid is lowered to look down", unknown = 255 },
    { name = "down_left", kind = "u8", size = 1, scale = 250, unit = "", doc = "the same, left lid", unknown = 255 },
    { name = "iris_right", kind = "u8", size = 1, scale = 250, unit = "", doc = "share of the right iris that is visible", unknown = 255 },
    { name = "iris_left", kind = "u8", size = 1, scale = 250, unit = "", doc = "the same, left iris", unknown = 255 },
    { name = "mouth_openness", kind = "u8", size = 1, scale = 200, unit = "", doc = "gap of the lips over the width of the mouth", unknown = 255 },
    { name = "perclos", kind = "u8", size = 1, scale = 250, unit = "", doc = "share of the last minute with eyes 80 % closed or more", unknown = 255 },
    { name = "drowsiness", kind = "u8", size = 1, scale = 1, unit = "", doc = "0 alert to 3 very drowsy" },
    { name = "drowsiness_score", kind = "u8", size = 1, scale = 250, unit = "", doc = "slow estimate, 0 alert to 1", unknown = 255 },
    { name = "blinks_1min", kind = "u8", size = 1, scale = 2, unit = "1/min", doc = "blinks of the last minute", unknown = 255 },
    { name = "blinks_5min", kind = "u8", size = 1, scale = 2, unit = "1/min", doc = "blinks of the last five minutes", unknown = 255 },
    { name = "long_closures_1min", kind = "u8", size = 1, scale = 5, unit = "1/min", doc = "closures longer than a blink, last minute", unknown = 255 },
    { name = "long_closures_5min", kind = "u8", size = 1, scale = 5, unit = "1/min", doc = "the same, last five minutes", unknown = 255 },
    { name = "x0", kind = "i16", size = 2, scale = 1, unit = "px", doc = "box of the points, left" },
    { name = "y0", kind = "i16", size = 2, scale = 1, unit = "px", doc = "box of the points, top" },
    { name = "x1", kind = "i16", size = 2, scale = 1, unit = "px", doc = "box of the points, right" },
    { name = "y1", kind = "i16", size = 2, scale = 1, unit = "px", doc = "box of the points, bottom" },
    { name = "latency", kind = "u16", size = 2, scale = 10, unit = "ms", doc = "from the capture to the end of the pipeline" },
    { name = "dropped", kind = "u16", size = 2, scale = 1, unit = "", doc = "reports that this stream could not take, since the start; stays at 65535" },
    { name = "skipped", kind = "u32", size = 4, scale = 1, unit = "", doc = "frames replaced by a newer one before they were processed, since the start" },
    { name = "reopened", kind = "u8", size = 1, scale = 1, unit = "", doc = "how often the camera was opened again; stays at 255" },
    { name = "points_hz", kind = "u8", size = 1, scale = 1, unit = "Hz", doc = "complete sets of points sent in the last second; HELLO promises" },
  } },
  [3] = {
    name = "POINTS",
    row_size = 6, row_scale = 16,
    minimum = 30, fields = {
    { name = "selection", kind = "u8", size = 1, scale = 1, unit = "", doc = "which landmarks", values = Selection },
    { name = "flags", kind = "u8", size = 1, scale = 1, unit = "", doc = "what kind of points", values = PointsFlag },
    { name = "chunk", kind = "u8", size = 1, scale = 1, unit = "", doc = "number of this chunk, from 0" },
    { name = "chunks", kind = "u8", size = 1, scale = 1, unit = "", doc = "chunks of this frame" },
    { name = "first", kind = "u16", size = 2, scale = 1, unit = "", doc = "index in the selection of the first point in this chunk" },
    { name = "total", kind = "u16", size = 2, scale = 1, unit = "", doc = "points in the selection" },
    { name = "origin_x", kind = "i16", size = 2, scale = 1, unit = "px", doc = "add to x of every point" },
    { name = "origin_y", kind = "i16", size = 2, scale = 1, unit = "px", doc = "add to y of every point" },
  } },
  [4] = {
    name = "EVENT",
    row_size = 20, row_scale = 1000,
    minimum = 43, fields = {
    { name = "id", kind = "u32", size = 4, scale = 1, unit = "", doc = "counts up from 1; begin, escalate and end of one event share it" },
    { name = "began_ns", kind = "u64", size = 8, scale = 1, unit = "ns", doc = "capture time of the frame that it began with" },
    { name = "at_ns", kind = "u64", size = 8, scale = 1, unit = "ns", doc = "capture time of the frame that this phase was decided on" },
    { name = "kind", kind = "u8", size = 1, scale = 1, unit = "", doc = "what happened", values = EventKind },
    { name = "phase", kind = "u8", size = 1, scale = 1, unit = "", doc = "phase of the event", values = EventPhase },
    { name = "level", kind = "u8", size = 1, scale = 1, unit = "", doc = "0 information, 1 notice, 2 warning, 3 alarm" },
    { name = "repeat", kind = "u16", size = 2, scale = 1, unit = "", doc = "how often this was sent before; 0 is the first time" },
  } },
  [5] = {
    name = "BYE",
    minimum = 27, fields = {
    { name = "frames", kind = "u32", size = 4, scale = 1, unit = "", doc = "frames processed since the start" },
    { name = "dropped", kind = "u32", size = 4, scale = 1, unit = "", doc = "reports that this stream could not take" },
    { name = "reason", kind = "u8", size = 1, scale = 1, unit = "", doc = "0; other values are reserved" },
  } },
}

local VERSION, CRC_SEED, HEADER_SIZE, CRC_SIZE = 2, 0x8C9F, 16, 2
local landmarkd = Proto("landmarkd", "landmarkd wire")
local fields = {}
local frame_kind = ProtoField.string("landmarkd.message", "Message")
local row_field = ProtoField.string("landmarkd.row", "Row")
table.insert(fields, frame_kind)
table.insert(fields, row_field)

local INTEGERS = {
  u8 = ProtoField.uint8, u16 = ProtoField.uint16, u32 = ProtoField.uint32, u64 = ProtoField.uint64,
  i8 = ProtoField.int8, i16 = ProtoField.int16, i32 = ProtoField.int32,
}

-- A field with a scale is shown and filtered as the value in its unit.
local function declare(prefix, list)
  for _, field in ipairs(list) do
    local name, label = "landmarkd." .. prefix .. field.name, field.name
    if field.unit ~= "" then label = label .. " [" .. field.unit .. "]" end
    if field.kind == "char" then
      field.proto = ProtoField.string(name, label, base.ASCII, field.doc)
    elseif field.kind == "bytes" then
      field.proto = ProtoField.bytes(name, label, base.NONE, field.doc)
    elseif field.scale ~= 1 then
      field.proto = ProtoField.double(name, label, base.NONE, nil, nil, field.doc)
    elseif field.values and field.values.flags then
      field.proto = INTEGERS[field.kind](name, label, base.HEX, nil, nil, field.doc)
    else
      field.proto = INTEGERS[field.kind](name, label, base.DEC, field.values and field.values.names, nil, field.doc)
    end
    table.insert(fields, field.proto)
  end
end

declare("", HEADER)
for _, message in pairs(MESSAGES) do declare(message.name:lower() .. ".", message.fields) end
landmarkd.fields = fields

local bad_checksum = ProtoExpert.new("landmarkd.bad_checksum", "Wrong checksum: damaged or another schema",
  expert.group.CHECKSUM, expert.severity.ERROR)
landmarkd.experts = { bad_checksum }

local function checksum(tvb, size)
  local bytes, crc = tvb:bytes(0, size), CRC_SEED
  for i = 0, size - 1 do
    crc = bit.bxor(crc, bit.lshift(bytes:get_index(i), 8))
    for _ = 1, 8 do
      if bit.band(crc, 0x8000) ~= 0 then
        crc = bit.band(bit.bxor(bit.lshift(crc, 1), 0x1021), 0xFFFF)
      else
        crc = bit.band(bit.lshift(crc, 1), 0xFFFF)
      end
    end
  end
  return crc
end

local function flag_names(values, number)
  local names = {}
  for value, name in pairs(values.names) do
    if bit.band(number, value) ~= 0 then table.insert(names, name) end
  end
  table.sort(names)
  return table.concat(names, " ")
end

-- A filter never finds an unknown field as a number.
local function is_unknown(field, range)
  if field.unknown == nil then return false end
  if field.kind == "u64" then return range:le_uint64() == UInt64(field.unknown) end
  local signed = field.kind:sub(1, 1) == "i"
  return (signed and range:le_int() or range:le_uint()) == field.unknown
end

local function add_field(tree, field, range)
  if is_unknown(field, range) then
    tree:add(range, field.name .. ": unknown")
  elseif field.kind == "char" or field.kind == "bytes" then
    tree:add(field.proto, range)
  elseif field.scale ~= 1 then
    local signed = field.kind:sub(1, 1) == "i"
    tree:add(field.proto, range, (signed and range:le_int() or range:le_uint()) / field.scale)
  else
    local item = tree:add_le(field.proto, range)
    if field.values and field.values.flags then
      item:append_text(" (" .. flag_names(field.values, range:le_uint()) .. ")")
    end
  end
end

local function add_all(tree, list, tvb, at)
  for _, field in ipairs(list) do
    add_field(tree, field, tvb(at, field.size))
    at = at + field.size
  end
  return at
end

local function add_rows(tree, message, tvb, at)
  while at + message.row_size + CRC_SIZE <= tvb:len() do
    local range = tvb(at, message.row_size)
    local text
    if message.name == "POINTS" then
      text = string.format("%.4f %.4f %.4f", range(0, 2):le_int() / message.row_scale,
        range(2, 2):le_int() / message.row_scale, range(4, 2):le_int() / message.row_scale)
    else
      text = string.format("%s %.3f", range(0, 16):string():match("^[^\0]*"), range(16, 4):le_int() / message.row_scale)
    end
    tree:add(row_field, range, text)
    at = at + message.row_size
  end
end

function landmarkd.dissector(tvb, pinfo, tree)
  if tvb:len() < HEADER_SIZE + CRC_SIZE or tvb(0, 1):uint() ~= VERSION then return 0 end
  local message = MESSAGES[tvb(1, 1):uint()]
  if message == nil or tvb:len() < message.minimum then return 0 end
  pinfo.cols.protocol = "landmarkd"
  pinfo.cols.info = string.format("%s frame %d", message.name, tvb(4, 4):le_uint())
  local subtree = tree:add(landmarkd, tvb(), "landmarkd " .. message.name)
  subtree:add(frame_kind, tvb(1, 1), message.name)
  add_all(subtree, HEADER, tvb, 0)
  local at = add_all(subtree, message.fields, tvb, HEADER_SIZE)
  if message.row_size then add_rows(subtree, message, tvb, at) end
  if checksum(tvb, tvb:len() - CRC_SIZE) ~= tvb(tvb:len() - CRC_SIZE, CRC_SIZE):le_uint() then
    subtree:add_proto_expert_info(bad_checksum)
  end
  return tvb:len()
end

local function heuristic(tvb, pinfo, tree)
  if tvb:len() < HEADER_SIZE + CRC_SIZE or tvb(0, 1):uint() ~= VERSION then return false end
  if MESSAGES[tvb(1, 1):uint()] == nil then return false end
  if checksum(tvb, tvb:len() - CRC_SIZE) ~= tvb(tvb:len() - CRC_SIZE, CRC_SIZE):le_uint() then return false end
  landmarkd.dissector(tvb, pinfo, tree)
  pinfo.conversation = landmarkd
  return true
end

landmarkd:register_heuristic("udp", heuristic)
DissectorTable.get("udp.port"):add_for_decode_as(landmarkd)
