-- landmarkd wire @VERSION@ for Wireshark and tshark.
--
-- Generated from edge/landmarkd/wire/schema.py by `python -m tools.wire_generate`; change that, not this.
-- SPDX-License-Identifier: MIT
--
-- Use: tshark -X lua_script:landmarkd.lua -r drive.pcap -Y 'landmarkd.status.yaw > 20'
-- It finds datagrams of landmarkd on any UDP port by their checksum.

@ENUMERATIONS@

local HEADER = {
@HEADER@
}

local MESSAGES = {
@MESSAGES@
}

local VERSION, CRC_SEED, HEADER_SIZE, CRC_SIZE = @VERSION@, @CRC_SEED@, 16, 2
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
