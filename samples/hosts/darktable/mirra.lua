--[[
mirra.lua - darktable: exports pictures through Mirra, which takes the noise out.

It adds "denoise with Mirra" to the target storages of the export module, with quality, strength and noise level.
Installation: docs/how-to/use-in-photo-programs.md. It needs the command `mirra`, and darktable 3.6 or newer with Lua.
]]
local dt = require "darktable"

local MODULE = "mirra_denoise"
local QUALITIES = { "fast", "balanced", "best" }

-- ---- the command ----

-- A text as one word of the shell.
local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Runs a command. Gives whether it went well, and what it said.
local function run(...)
  local words = {}
  for i, word in ipairs({ ... }) do words[i] = quoted(word) end
  local pipe, problem = io.popen(table.concat(words, " ") .. " 2>&1", "r")
  if not pipe then return false, problem end
  local said = pipe:read("a")
  local good = pipe:close()
  return good == true, (said:gsub("%s+$", ""))
end

local function program()
  local set = dt.preferences.read(MODULE, "program", "string")
  return set ~= "" and set or "mirra"
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

-- A name in the folder that nothing has yet: photo.png, photo_01.png, ...
local function free_name(folder, filename)
  local name = filename:match("[^/]+$")
  local stem, ending = name:match("^(.+)(%.[^.]+)$")
  local path, number = folder .. "/" .. name, 0
  while exists(path) do
    number = number + 1
    path = string.format("%s/%s_%02d%s", folder, stem, number, ending)
  end
  return path
end

-- ---- what the user chooses ----

-- Kept as texts: darktable gives 0 for a number that was never set.
local function remembered(name, default)
  local value = dt.preferences.read(MODULE, name, "string")
  return value ~= nil and value ~= "" and value or default
end

local function remember(name, value)
  dt.preferences.write(MODULE, name, "string", tostring(value))
end

local function quality_number()
  local kept = remembered("quality", "balanced")
  for number, name in ipairs(QUALITIES) do
    if name == kept then return number end
  end
  return 2
end

local function kept_strength()
  return tonumber((remembered("strength", "1"):gsub(",", "."))) or 1
end

-- Without a window (darktable-cli) there are no widgets and no options: what was chosen last holds.
local quality, strength, sigma, folder, widget

if dt.configuration.has_gui then
  quality = dt.new_widget("combobox") {
    label = "quality",
    tooltip = "fast, balanced or best network",
    selected = quality_number(),
    table.unpack(QUALITIES),
  }
  strength = dt.new_widget("slider") {
    label = "strength",
    tooltip = "how much of the noise is removed",
    soft_min = 0, soft_max = 1, hard_min = 0, hard_max = 1, step = 0.05, digits = 2,
    value = kept_strength(),
  }
  sigma = dt.new_widget("entry") {
    tooltip = "noise level in steps of 1/255, or auto",
    placeholder = "noise level: auto",
    text = remembered("sigma", "auto"),
  }
  folder = dt.new_widget("file_chooser_button") {
    title = "folder for the denoised pictures",
    is_directory = true,
    value = remembered("folder", os.getenv("HOME") or "/tmp"),
  }
  dt.preferences.register(MODULE, "program", "string", "Mirra: program",
    "path of the command mirra; empty: that of PATH", "")
  widget = dt.new_widget("box") { orientation = "vertical", quality, strength, sigma, folder }
end

-- Takes over what the widgets show, for this export and for later ones.
local function remember_choices()
  if not widget then return end
  remember("quality", QUALITIES[quality.selected])
  remember("strength", strength.value)
  remember("sigma", sigma.text)
  remember("folder", folder.value or "")
end

-- ---- the storage ----

-- Called before an export; its pictures have the choices of this moment.
local function initialize(_, _, images, _, extra)
  remember_choices()
  extra.quality = QUALITIES[quality_number()]
  extra.strength = kept_strength()
  extra.sigma = remembered("sigma", "auto")
  extra.folder = remembered("folder", nil)
  extra.done, extra.failed = 0, 0
  local good, said = run(program(), "--version")
  if not good then
    dt.print("Mirra: the program does not run: " .. said)
    dt.print_error("set its path in the Lua options. " .. said)
    return {}
  end
  if not extra.folder then
    dt.print("Mirra: choose a folder first")
    return {}
  end
  return images
end

-- Called once a picture, with the file that darktable has written and will remove.
local function store(_, _, _, filename, number, total, _, extra)
  dt.print(string.format("Mirra: picture %d of %d", number, total))
  local target = free_name(extra.folder, filename)
  -- A decimal point in every language of the system.
  local amount = string.format("%.3f", extra.strength):gsub(",", ".")
  local good, said = run(program(), "denoise", filename, "-o", target, "--quality", extra.quality,
    "--strength", amount, "--sigma", extra.sigma, "-q")
  if good then
    extra.done = extra.done + 1
  else
    extra.failed = extra.failed + 1
    extra.reason = extra.reason or said
    dt.print_error(filename .. ": " .. said)
  end
end

local function finalize(_, _, extra)
  if extra.failed == 0 then
    dt.print(string.format("Mirra: wrote %d pictures to %s", extra.done, extra.folder))
  else
    dt.print(string.format("Mirra: %d pictures failed, %d are done: %s", extra.failed, extra.done, extra.reason))
  end
end

-- PNG and TIFF with 8 or 16 bits, and JPEG.
local function supported(_, format)
  return format.plugin_name == "png" or format.plugin_name == "tiff" or format.plugin_name == "jpeg"
end

dt.register_storage(MODULE, "denoise with Mirra", store, finalize, supported, initialize, widget)

-- darktable's script manager switches scripts off and on by this table.
return {
  metadata = {
    name = "denoise with Mirra",
    purpose = "takes the noise out of exported pictures",
    author = "Mirra",
  },
  destroy = function() dt.destroy_storage(MODULE) end,
}
