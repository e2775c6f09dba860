#include "base/ending.h"

namespace frugal::base {

int exit_code_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Silent& silent) {
    return silent.exit_code();
  } catch (const UserError&) {
    return 2;
  } catch (const Interrupted& stopped) {
    return 128 + stopped.signal_number();
  } catch (...) {
    return 1;
  }
}

}  // namespace frugal::base
