using System.Text;
using Writ.Proof.Log;

namespace Writ.Tests.Proof.Log;

public sealed class TileTests
{
    [Fact]
    public void Path_of_the_specification_is_written_and_read()
    {
        foreach (var item in Vectors.Tlog.GetProperty("paths").EnumerateArray())
        {
            var tile = new Tile(item.GetProperty("level").GetInt32(), item.GetProperty("index").GetInt64(), item.GetProperty("width").GetInt32());
            tile.Path.ShouldBe(item.GetProperty("path").GetString());
            Tile.TryParse(tile.Path, out var read).ShouldBeTrue();
            read.ShouldBe(tile);
        }
    }

    [Fact]
    public void TryParse_of_any_other_spelling_is_false()
    {
        foreach (var path in (string[])[.. Vectors.Tlog.GetProperty("bad_paths").Texts(), "", "tile", "tile/0", "tile/0/000.p/", "tile/0/x000/x001/000", "tile/entries/x99999999999/000", "tile/0/x/000"])
            Tile.TryParse(path, out _).ShouldBeFalse(path);
    }

    [Fact]
    public void Of_a_size_gives_the_tiles_of_the_specification()
    {
        foreach (var item in Vectors.Tlog.GetProperty("tiles_for_size").EnumerateArray())
        {
            var size = item.GetProperty("size").GetInt64();
            var levels = item.GetProperty("levels").EnumerateArray().ToArray();
            for (var level = 0; level <= levels.Length; level++)
            {
                var tiles = Tile.Of(level, size).ToArray();
                var (full, partial) = level < levels.Length ? (levels[level][0].GetInt64(), levels[level][1].GetInt32()) : (0, 0);
                tiles.Count(tile => tile.Width == Tile.Full).ShouldBe((int)full);
                tiles.Where(tile => tile.Width != Tile.Full).Select(tile => tile.Width).ShouldBe(partial > 0 ? [partial] : []);
            }
        }
    }

    [Fact]
    public void Published_log_gives_the_published_hashes_roots_tile_and_bundle()
    {
        var leaves = Vectors.Tlog.GetProperty("leaves").Texts().Select(Encoding.UTF8.GetBytes).ToArray();
        var hashes = leaves.Select(leaf => LogHash.OfLeaf(leaf)).ToArray();
        hashes.Select(hash => hash.ToString()).ShouldBe(Vectors.Tlog.GetProperty("leaf_hashes").Texts());
        var edge = new TreeEdge();
        edge.Root().ToString().ShouldBe(Vectors.Tlog.GetProperty("roots")[0].GetString());
        for (var at = 0; at < hashes.Length; at++)
        {
            edge.Append(hashes[at], (_, _) => throw new InvalidOperationException("no tile is full"));
            edge.Root().ToString().ShouldBe(Vectors.Tlog.GetProperty("roots")[at + 1].GetString());
        }

        Convert.ToHexStringLower([.. edge.Partial().Single().Hashes.SelectMany(hash => hash.ToArray())]).ShouldBe(Vectors.Tlog.GetProperty("tile").GetString());
        using var bundle = new MemoryStream();
        foreach (var leaf in leaves)
            EntryBundle.Append(bundle, leaf);
        Convert.ToHexStringLower(bundle.ToArray()).ShouldBe(Vectors.Tlog.GetProperty("bundle").GetString());
        EntryBundle.Read(bundle.ToArray(), leaves.Length)!.ShouldBe(leaves);
        EntryBundle.Read(bundle.ToArray(), leaves.Length + 1).ShouldBeNull();
        EntryBundle.Read(bundle.ToArray().AsSpan(0, (int)bundle.Length - 1), leaves.Length).ShouldBeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_800)]
    public void Edge_taken_up_again_goes_on_as_if_it_had_never_stopped(int size)
    {
        var leaves = Enumerable.Range(0, size + 300).Select(i => LogHash.OfLeaf(BitConverter.GetBytes(i))).ToArray();
        var (whole, end) = Trees.Tiles(leaves);
        var (tiles, edge) = Trees.Tiles(leaves[..size]);
        edge.Root().ShouldBe(Trees.Root(leaves.AsSpan(0, size)));
        foreach (var partial in tiles.Keys.Where(tile => tile.Width < Tile.Full).ToArray())
        {
            // A partial tile is the beginning of what it becomes.
            var later = whole.First(tile => tile.Key.Level == partial.Level && tile.Key.Index == partial.Index).Value;
            later.Take(partial.Width).ShouldBe(tiles[partial]);
        }

        var again = new TreeEdge(size, tile => tiles[tile]);
        foreach (var leaf in leaves[size..])
            again.Append(leaf, (tile, hashes) => hashes.ShouldBe(whole[tile]));
        again.Root().ShouldBe(end.Root());
        again.Root().ShouldBe(Trees.Root(leaves));
    }

    [Fact]
    public void Edge_with_a_tile_of_another_width_is_refused() =>
        Should.Throw<InvalidDataException>(() => new TreeEdge(3, _ => [LogHash.Empty]));
}
