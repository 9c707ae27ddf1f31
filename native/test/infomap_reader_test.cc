#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "infomap/partition_reader.h"
#include "infomap/reader.h"
#include "runtime/random.h"
#include "test.h"

using namespace infomotion;
using namespace infomotion::infomap;
using namespace infomotion::runtime;

namespace {

const Cancel kNever;

// Reads text in pieces of at most `piece` bytes.
Status read(const std::string& text, Network& network, std::size_t piece = 1 << 20, std::size_t guess = 0) {
  NetworkReader reader("net.txt", guess);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    reader.append(text.data() + at, std::min(piece, text.size() - at));
    Status status = reader.read(kNever);
    if (!status.ok()) return status;
  }
  return reader.finish(kNever, network);
}

bool same(const Network& a, const Network& b) {
  return a.nodes == b.nodes && a.ids == b.ids && a.sources == b.sources && a.targets == b.targets &&
         a.weights == b.weights && a.names == b.names && a.named == b.named && a.bipartite == b.bipartite;
}

}  // namespace

TEST("infomap reader: numbers are those of strtod, to the last bit") {
  Random random(3);
  std::string text;
  std::vector<double> expected;
  const char* formats[] = {"%.17g", "%g", "%.3f", "%.15g", "%.20e", "%.0f", "%a"};
  for (int i = 0; i < 40000; ++i) {
    double value;
    const uint64_t bits = uint64_t{random.next() >> 1} << 32 | random.next();  // of any magnitude
    std::memcpy(&value, &bits, sizeof value);
    if (i % 3 > 0) value = random.uniform() * random.below(2000);
    if (!std::isfinite(value)) continue;
    char word[400];
    std::snprintf(word, sizeof word, formats[random.below(6)], value);
    if (std::strtod(word, nullptr) == 0) continue;  // is no link
    text += "1 2 " + std::string(word) + "\n";
    expected.push_back(std::strtod(word, nullptr));
  }
  Network network;
  const Status status = read(text, network);
  CHECK(status.ok());
  CHECK(network.weights.size() == expected.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < network.weights.size(); ++i)
    if (std::memcmp(&network.weights[i], &expected[i], sizeof(double)) != 0) ++wrong;
  CHECK(wrong == 0);
}

TEST("infomap reader: pieces of any size give the same network") {
  const std::string text =
      "*Vertices 4\n1 \"left one\"\n2 b 0.5\n*Bipartite 3\n# comment\n1 3 0.1\r\n\n4\t2 2e-3\n  1 4  \n2 3 1e22";
  Network whole;
  CHECK(read(text, whole).ok());
  CHECK(whole.nodes == 4 && whole.bipartite == 2 && whole.names == "left one\nb\n3\n4");
  CHECK((whole.sources == std::vector<uint32_t>{0, 3, 0, 1}) && (whole.targets == std::vector<uint32_t>{2, 1, 3, 2}));
  CHECK((whole.weights == std::vector<double>{0.1, 2e-3, 1, 1e22}));
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    Network network;
    CHECK(read(text, network, piece).ok());
    CHECK(same(network, whole));
  }
}

TEST("infomap reader: small, far and huge ids are numbered alike") {
  Random random(5);
  std::vector<std::vector<uint32_t>> numbered;
  for (const uint64_t step : {uint64_t{1}, uint64_t{1000003}, uint64_t{10000000019}}) {
    std::string text;
    Random same_draws(7);
    for (int i = 0; i < 20000; ++i) {
      const uint64_t u = same_draws.below(3000) * step, v = same_draws.below(3000) * step;
      text += std::to_string(u) + " " + std::to_string(v) + "\n";
    }
    Network network;
    CHECK(read(text, network, 1 << 16, text.size()).ok());
    for (uint32_t u = 1; u < network.nodes; ++u)
      CHECK(network.ids[u - 1] < network.ids[u] && network.ids[u] % step == 0);
    numbered.push_back(network.sources);
    numbered.back().insert(numbered.back().end(), network.targets.begin(), network.targets.end());
  }
  CHECK(numbered[0] == numbered[1] && numbered[0] == numbered[2]);
}

TEST("infomap reader: what other programs write") {
  const auto ids_of = [](const std::string& text) {
    std::vector<std::vector<uint64_t>> found;
    for (const std::size_t piece : {std::size_t{1}, text.size()}) {
      Network network;
      CHECK(read(text, network, piece).ok());
      found.push_back(network.ids);
    }
    CHECK(found[0] == found[1]);
    return found[0];
  };
  using Ids = std::vector<uint64_t>;
  CHECK((ids_of("*Vertices\n1 \"a\"\n5 \"b\"\n*Edges\n1 7\n") == Ids{1, 5, 7}));
  CHECK((ids_of("*Vertices 3\n0 \"a\"\n1 b\n2 c\n*Arcs\n0 1\n") == Ids{0, 1, 2}));  // from 0
  CHECK((ids_of("*Vertices 2\n*Edges\n1 2\n2 9\n") == Ids{1, 2, 9}));               // beyond the count
  CHECK((ids_of("\xEF\xBB\xBF*Vertices 2\r*Edges\r1 2\r") == Ids{1, 2}));           // a mark; lines that end with CR
  CHECK((ids_of("1 2\r\n\r\n2 3\r\n") == Ids{1, 2, 3}));
  CHECK((ids_of("0 1 {'weight': 4}\n1 2 {}\n2 3 # c\n3 4 0.5 1082040961\n5 6 0\n") == Ids{0, 1, 2, 3, 4}));
  Network pajek;
  CHECK(read("*vertices 3\n1 \"Anna \"A\" B\" 0.5 0.0 ellipse\n2 \"Mary \"\"M\"\" Q\"\n3 \"c\" 2 ic \"Red\"\n*edges\n"
             "1 2 2.5 color red\n1 3 w 2\n",
             pajek)
            .ok());
  CHECK(pajek.names == "Anna \"A\" B\nMary \"\"M\"\" Q\nc");
  CHECK((pajek.weights == std::vector<double>{2.5, 1}));
  CHECK((pajek.node_weights == std::vector<double>{0.5, 1, 2}));
  Network limited;
  NetworkReader reader("net.txt", 0, 0, 3);
  const std::string text = "*Vertices 5\n*Edges\n1 2\n3 4\n";
  reader.append(text.data(), text.size());
  CHECK(reader.read(kNever).ok() && reader.finish(kNever, limited).ok());
  CHECK((limited.ids == Ids{1, 2, 3} && limited.targets.size() == 1));
}

TEST("infomap reader: errors name the line; a lying file takes no memory") {
  const auto fails = [](const std::string& text, const std::string& message) {
    Network network;
    const Status status = read(text, network);
    CHECK(status.code == "NETWORK_UNREADABLE");
    if (status.message.find(message) == std::string::npos) test::fail(__FILE__, __LINE__, status.message);
  };
  fails("0 1\n0 x\n", "net.txt, line 2: expected a target node, a whole number of at least 0, but found \"x\".");
  fails("0 1\n\n5", "line 3: expected a target node, a whole number of at least 0, but found the end of the line.");
  fails("1 2 \x01\n", "line 1: expected a weight, a finite number of at least 0, but found \"\\x01\".");
  fails("*Vertices 4294967295\n1 2", "it promises 4294967295");
  fails(
      "\xFF\xFE"
      "1\n",
      "line 1: expected text in UTF-8 but found UTF-16");
  fails("*States\n1 1\n", "this is a state or multilayer network, which is not read");
  fails("*Bipartite 3\n1 2\n", "line 2: expected a link between a node below 3 and one from there on, but found \"1\"");
  fails("*Bipartite 3\n1 3\n*Edges\n", "line 3: expected no other links beside those of *Bipartite");
  fails("1 2\n*Bipartite 2\n", "line 2: expected *Bipartite once, before all links,");
  fails(std::string(40'000'000, 'x'), "line 1: expected lines of at most 16777216 bytes");
  Cancel cancel;
  cancel.request();
  NetworkReader reader("net.txt");
  for (int i = 0; i < 2000; ++i) reader.append("1 2\n", 4);
  CHECK(reader.read(cancel).code == "ABORTED");
}

TEST("infomap reader: partitions of both kinds") {
  const auto parse = [](const std::string& text, bool tree, std::vector<double> ids, Levels& out) {
    PartitionReader reader("p", tree);
    for (const char c : text) {
      reader.append(&c, 1);
      Status status = reader.read(kNever);
      if (!status.ok()) return status;
    }
    return reader.finish(ids.data(), static_cast<uint32_t>(ids.size()), kNever, out);
  };
  using Modules = std::vector<uint32_t>;
  Levels clu, tree;
  CHECK(parse("# c\n9 4 0.5\n7 2\n", false, {7, 9}, clu).ok());
  CHECK((clu == Levels{{2, 4}}));
  const std::string text =
      "# path flow name node_id\n1:1:1 0.5 \"a b\" 9\n2:1 0.25 c 7\n1:2:1 1e-3 \"\" 8\n2:2 0 d 5\n*Links undirected\n1 "
      "x\n";
  CHECK(parse(text, true, {5, 7, 8, 9}, tree).ok());
  CHECK((tree == Levels{Modules{0, 0, 1, 1}, Modules{0, 0, 1, 2}}));
  CHECK(parse("1 0.5 a 1\n2 0.5 b 2\n", true, {1, 2}, tree).ok());  // no modules: all is one
  CHECK((tree == Levels{{0, 0}}));
  CHECK(parse("", true, {}, tree).ok());
  const auto fails = [&](const std::string& input, bool as_tree, std::vector<double> ids, const std::string& message) {
    Levels none;
    const Status status = parse(input, as_tree, std::move(ids), none);
    if (status.message.find(message) == std::string::npos) test::fail(__FILE__, __LINE__, status.message);
  };
  fails("1 1\n", false, {1, 2}, "p has no module for node 2 of the network.");
  CHECK(parse("0 9\n1 4\n2 1\n", false, {1}, clu).ok());  // nodes of another network are left out
  CHECK((clu == Levels{{4}}));
  CHECK(parse("*Vertices 2\n5\n3\n", false, {7, 9}, clu).ok());  // Pajek's
  CHECK((clu == Levels{{5, 3}}));
  fails("*Vertices 1\n5\n", false, {7, 9}, "p has modules of 1 nodes, but the network has 2.");
  fails("1 1\n1 2\n", false, {1}, "p has node 1 twice.");
  fails("1:1 0.5 \"a 1\n", true, {1}, "line 1: expected a closing quote");
  fails("1::1 0.5 a 1\n", true, {1}, "expected a path of whole numbers");
  fails("1:1:1 0.5 a 1\n1:2 0.5 b 2\n", true, {1, 2},
        "p has nodes and modules side by side in one module (see node 2).");
  fails("1:4294967296:1 0.5 a 1\n", true, {1}, "expected a path of whole numbers");
}
