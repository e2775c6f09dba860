#include "samples/tensor_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/error.h"
#include "samples/classes.h"

namespace frugal::samples {
namespace {

using base::UserError;
using List = std::vector<std::int64_t>;

void check_groups(const TensorFile& file, const TensorChoice& choice) {
  if (choice.groups.empty()) return;
  const std::string place = choice.place + "/groups";
  if (file.groups().empty())
    throw UserError(place, fmt::format("chooses groups, but {} has no tensor 'groups'", file.path()));
  const std::set<std::int64_t> known(file.groups().begin(), file.groups().end());
  std::set<std::int64_t> seen;
  for (std::size_t i = 0; i < choice.groups.size(); ++i) {
    const std::int64_t group = choice.groups[i];
    const std::string here = fmt::format("{}/{}", place, i);
    if (!known.contains(group))
      throw UserError(here, fmt::format("is no group of {}: {}", file.path(), group),
                      known.size() <= 30 ? fmt::format("its groups are {}", fmt::join(known, ", ")) : "");
    if (!seen.insert(group).second) throw UserError(here, fmt::format("names group {} again", group));
  }
}

// Samples by their place in the file, with their labels as renumbered.
struct Chosen {
  List places, labels;

  Chosen only(const List& which) const {
    Chosen some;
    for (const std::int64_t i : which) {
      some.places.push_back(places[static_cast<std::size_t>(i)]);
      some.labels.push_back(labels[static_cast<std::size_t>(i)]);
    }
    return some;
  }
  // Those whose index is (or is not) in a rising list.
  List others(const List& in) const {
    List rest;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!std::binary_search(in.begin(), in.end(), static_cast<std::int64_t>(i)))
        rest.push_back(static_cast<std::int64_t>(i));
    }
    return rest;
  }
};

Chosen of_classes_and_groups(const TensorFile& file, const ClassChoice& classes, const List& groups) {
  Chosen chosen;
  for (std::size_t i = 0; i < file.size(); ++i) {
    const std::int64_t label = classes.new_label[static_cast<std::size_t>(file.labels()[i])];
    const bool in_group =
        groups.empty() || std::find(groups.begin(), groups.end(), file.groups()[i]) != groups.end();
    if (label < 0 || !in_group) continue;
    chosen.places.push_back(static_cast<std::int64_t>(i));
    chosen.labels.push_back(label);
  }
  return chosen;
}

Chosen marked(const TensorFile& file, const Chosen& all, Split split) {
  List which;
  for (std::size_t i = 0; i < all.places.size(); ++i) {
    if (file.splits()[static_cast<std::size_t>(all.places[i])] == static_cast<std::int64_t>(split))
      which.push_back(static_cast<std::int64_t>(i));
  }
  return all.only(which);
}

Chosen of_split(const TensorFile& file, const Chosen& all, const TensorChoice& choice, Split split) {
  const auto seed = static_cast<std::uint64_t>(choice.seed);
  Chosen training;
  bool has_validation = false;
  if (!file.splits().empty()) {
    if (split == Split::test) return marked(file, all, split);
    Chosen validation = marked(file, all, Split::validation);
    has_validation = !validation.places.empty();
    if (split == Split::validation && has_validation) return validation;
    training = marked(file, all, Split::train);
  } else {
    const List test = balanced_part(all.labels, choice.test, seed, "data/test");
    if (split == Split::test) return all.only(test);
    training = all.only(all.others(test));
  }
  const SplitChoice cut{choice.fraction, has_validation ? 0 : choice.validation, seed};
  return training.only(choose_examples(training.labels, cut, split));
}

}  // namespace

TensorSet open_tensors(const TensorChoice& choice, Split split) {
  if (choice.path.empty())
    throw UserError(choice.place + "/path", "data of kind 'tensors' needs a path", "a .safetensors file");
  if (split == Split::validation && choice.validation <= 0)
    throw UserError(choice.place + "/validation", "is 0: there is no validation split",
                    "give it a share of the training examples, for instance 0.1");
  const auto file = std::make_shared<const TensorFile>(choice.path);
  check_groups(*file, choice);
  const ClassChoice classes = choose_classes(choice.classes, file->class_names(), choice.place + "/classes");
  const Chosen all = of_classes_and_groups(*file, classes, choice.groups);
  const Chosen chosen = of_split(*file, all, choice, split);

  TensorSet set;
  set.name = std::filesystem::path(choice.path).filename().string() + " " + name_of(split);
  set.file = file;
  set.places.assign(chosen.places.begin(), chosen.places.end());
  set.labels = chosen.labels;
  set.class_names = classes.names;
  if (chosen.places.empty())
    throw UserError(choice.path, fmt::format("the {} split holds no sample", name_of(split)),
                    fmt::format("{} samples are of the classes and groups asked for", all.places.size()));
  for (std::size_t c = 0; split == Split::train && c < set.class_names.size(); ++c) {
    if (std::find(set.labels.begin(), set.labels.end(), static_cast<std::int64_t>(c)) == set.labels.end())
      throw UserError(
          choice.path, fmt::format("the train split holds no sample of class '{}'", set.class_names[c]),
          choice.groups.empty() ? "name the classes that are there: data.classes"
                                : "these groups lack it: name the classes that are there, data.classes");
  }
  return set;
}

}  // namespace frugal::samples
