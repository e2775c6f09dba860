# Text: Unicode's tables (utf8proc) and regular expressions (PCRE2), which tokenizers need; SentencePiece where
# it is found, for the models that use it. By library and header rather than by pkg-config, whose flags would
# go to every file of the room's library.
find_library(UTF8PROC_LIBRARY utf8proc REQUIRED)
find_path(UTF8PROC_INCLUDE utf8proc.h REQUIRED)
find_library(PCRE2_LIBRARY pcre2-8 REQUIRED)
find_path(PCRE2_INCLUDE pcre2.h REQUIRED)
set(frugal_text_libraries ${UTF8PROC_LIBRARY} ${PCRE2_LIBRARY})
option(FRUGAL_SENTENCEPIECE "Read SentencePiece models where its library is found" ON)
if(FRUGAL_SENTENCEPIECE)
  find_library(SENTENCEPIECE_LIBRARY sentencepiece)
  find_path(SENTENCEPIECE_INCLUDE sentencepiece_processor.h)
endif()
if(SENTENCEPIECE_LIBRARY AND SENTENCEPIECE_INCLUDE)
  message(STATUS "SentencePiece: ${SENTENCEPIECE_LIBRARY}")
  # Before LibTorch: SentencePiece and c10 both have a global FLAGS_minloglevel, an object of 32 bytes and an int. The
  # first one loaded is both libraries', and c10's would be written over together with what lies behind it.
  list(PREPEND frugal_text_libraries ${SENTENCEPIECE_LIBRARY})
  set_source_files_properties(lib/data/tokens/tokenizer_sentencepiece.cpp PROPERTIES COMPILE_DEFINITIONS FRUGAL_WITH_SENTENCEPIECE)
else()
  message(STATUS "SentencePiece: not found; its models are not read")
endif()
