"""Independent readers of CD-TEXT, for tests: libcdio and libburn, called through their C interfaces.

usage: oracles.py cdio PACKS TRACKS | burn PACKS TRACKS | encode SHEET TRACKS
Exit code 77: the library is not installed.
"""

import ctypes
import sys


def library(name):
    try:
        return ctypes.CDLL(name)
    except OSError:
        sys.exit(77)


def cdio(data, tracks):
    """Every text as `language track field text`, in UTF-8."""
    lib = library("libcdio.so.19")
    lib.cdtext_init.restype = ctypes.c_void_p
    lib.cdtext_get_const.restype = ctypes.c_char_p
    lib.cdtext_get_const.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint8]
    lib.cdtext_data_init.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    lib.cdtext_list_languages.argtypes = [ctypes.c_void_p]
    lib.cdtext_list_languages.restype = ctypes.POINTER(ctypes.c_int)
    lib.cdtext_select_language.argtypes = [ctypes.c_void_p, ctypes.c_int]
    lib.cdtext_select_language.restype = ctypes.c_bool
    lib.cdtext_field2str.restype = ctypes.c_char_p
    text = lib.cdtext_init()
    if lib.cdtext_data_init(text, data, len(data)) != 0:
        sys.exit("libcdio refuses the packs")
    languages = [lib.cdtext_list_languages(text)[n] for n in range(8)]
    for language in [code for code in languages if code != 0]:
        lib.cdtext_select_language(text, language)
        for track in range(tracks + 1):
            for field in range(10):
                found = lib.cdtext_get_const(text, field, track)
                if found:
                    name = lib.cdtext_field2str(field).decode()
                    print(language, track, name, found.decode("utf-8"), sep="\t")


def burn(data, tracks):
    """The packs as an input sheet."""
    lib = library("libburn.so.4")
    lib.burn_initialize()
    sheet, code = ctypes.c_void_p(), ctypes.c_int()
    count = len(data) // 18
    size = lib.burn_make_input_sheet_v07t(data, count, 1, tracks, ctypes.byref(sheet), ctypes.byref(code), 0)
    if size <= 0:
        sys.exit("libburn refuses the packs")
    sys.stdout.buffer.write(ctypes.string_at(sheet, size))


def encode(path, tracks):
    """The packs that libburn makes of an input sheet, in hexadecimal."""
    lib = library("libburn.so.4")
    for name in ["burn_session_create", "burn_track_create"]:
        getattr(lib, name).restype = ctypes.c_void_p
    lib.burn_initialize()
    session = ctypes.c_void_p(lib.burn_session_create())
    for _ in range(tracks):
        lib.burn_session_add_track(session, ctypes.c_void_p(lib.burn_track_create()), 100)
    if lib.burn_session_input_sheet_v07t(session, path.encode(), 0, 0) <= 0:
        sys.exit("libburn refuses the sheet")
    packs, count = ctypes.c_void_p(), ctypes.c_int()
    if lib.burn_cdtext_from_session(session, ctypes.byref(packs), ctypes.byref(count), 0) <= 0:
        sys.exit("libburn makes no packs")
    print(ctypes.string_at(packs, 18 * count.value).hex())


def main():
    what, path, tracks = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if what == "encode":
        encode(path, tracks)
    else:
        with open(path, "rb") as file:
            {"cdio": cdio, "burn": burn}[what](file.read(), tracks)


main()
