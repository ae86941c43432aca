using System.Text;
using RnnService.Demo;

namespace RnnService.Tests.Demo;

public sealed class ShapeSamplesTests
{
    [Fact]
    public void The_same_seed_gives_the_same_files()
    {
        static byte[][] files(int seed) =>
        [
            FlowerSamples.ToCsv(FlowerSamples.Make(40, seed)),
            SceneSamples.ToCsv(SceneSamples.All(seed)),
            DateSamples.ToCsv(DateSamples.Make(40, seed)),
            SignalSamples.ToJsonLines(SignalSamples.Make(10, seed)),
            Encoding.UTF8.GetBytes(RhymeSamples.Make(1_000, seed)),
        ];

        Assert.Equal(files(1), files(1));
        Assert.All(files(1).Zip(files(2)), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    // A threshold is what a model that sees one number can do best.
    [Fact]
    public void No_measurement_alone_tells_all_flowers_apart()
    {
        var flowers = FlowerSamples.Make(800, 1);
        Assert.All(FlowerSamples.Labels, label => Assert.Equal(200, flowers.Count(flower => flower.Label == label)));

        for (var i = 0; i < FlowerSamples.Measurements.Count; i++)
        {
            var ranges = flowers.GroupBy(flower => flower.Label, flower => flower.Features[i]).Select(species => (Min: species.Min(), Max: species.Max())).OrderBy(range => range.Min).ToList();
            Assert.Contains(ranges.Zip(ranges.Skip(1)), pair => pair.First.Max > pair.Second.Min);
        }
    }

    [Fact]
    public void Every_scene_has_its_own_attributes_and_caption()
    {
        var scenes = SceneSamples.All(1);

        Assert.Equal(500, scenes.Count);
        Assert.Equal(500, scenes.Select(scene => SceneSamples.Names(scene.Features)).Distinct().Count());
        Assert.Equal(500, scenes.Select(scene => scene.Text).Distinct().Count());
        Assert.All(scenes, scene => Assert.Equal(4, scene.Features.Sum()));
        Assert.Contains(scenes, scene => SceneSamples.Names(scene.Features) == "three blue cross bottom" && scene.Text == "There are three blue crosses at the bottom.");
    }

    [Fact]
    public void Dates_are_distinct_and_those_to_test_with_are_new()
    {
        var train = DateSamples.Make(1_000, 1).ToDictionary(sample => sample.Source, sample => sample.Target);
        var test = DateSamples.Make(200, 2, train.Keys.ToHashSet());

        Assert.DoesNotContain(test, sample => train.ContainsKey(sample.Source));
        Assert.All(train.Values, target => Assert.Matches(@"^(19[89]|20[0-3])\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", target));
        Assert.All(train, pair => Assert.Contains(pair.Value[..4], pair.Key));
    }

    [Fact]
    public void Signals_move_as_their_labels_say()
    {
        foreach (var (frames, labels) in SignalSamples.Make(50, 1))
        {
            Assert.Equal(frames.Length, labels.Length);
            for (var t = 1; t < frames.Length; t++)
            {
                var step = frames[t].Average() - frames[t - 1].Average();
                var (low, high) = labels[t] switch { "rest" => (-0.35, 0.35), "rise" => (0.05, 1.15), _ => (-1.15, -0.05) };
                Assert.InRange(step, low, high);
            }
        }
    }

    // The level is anywhere when it moves: the mean of each regime is well within one step's spread.
    [Fact]
    public void No_frame_alone_tells_the_label_of_a_signal()
    {
        var levels = SignalSamples.Make(500, 1).SelectMany(signal => signal.Frames.Zip(signal.Labels)).ToLookup(pair => pair.Second, pair => pair.First[0]);

        Assert.All(SignalSamples.Regimes, regime => Assert.InRange(levels[regime].Average(), -1f, 1f));
    }

    [Fact]
    public void Rhymes_are_of_the_words_listed_and_have_the_length_asked_for()
    {
        var text = RhymeSamples.Make(20_000, 1);

        Assert.InRange(text.Length, 20_000, 20_300);
        Assert.Empty(RhymeSamples.WordsOf(text).Except(RhymeSamples.Words));
        Assert.DoesNotContain("{", text);
    }
}
