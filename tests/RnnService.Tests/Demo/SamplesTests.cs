using RnnService.Demo;

namespace RnnService.Tests.Demo;

public sealed class SamplesTests
{
    [Fact]
    public void Sentences_are_distinct_balanced_and_repeatable()
    {
        var train = SentenceSamples.Make(1_000, 1);
        var test = SentenceSamples.Make(200, 2, train.Select(sample => sample.Text).ToHashSet());

        Assert.Equal(1_200, train.Concat(test).Select(sample => sample.Text).Distinct().Count());
        Assert.Equal(500, train.Count(sample => sample.Label == "positive"));
        Assert.Equal(train, SentenceSamples.Make(1_000, 1));
    }

    // Naive Bayes over words is what a model that ignores order can do.
    [Fact]
    public void Counting_words_does_not_tell_the_label_of_a_sentence()
    {
        var train = SentenceSamples.Make(2_000, 1);
        var test = SentenceSamples.Make(400, 2, train.Select(sample => sample.Text).ToHashSet());
        static IEnumerable<string> Words(string text) => text.ToLowerInvariant().Split([' ', ',', '.', ':'], StringSplitOptions.RemoveEmptyEntries).Distinct();
        var weight = new Dictionary<string, double>();
        var counts = train.SelectMany(sample => Words(sample.Text).Select(word => (word, sample.Label))).ToLookup(pair => pair.word, pair => pair.Label);
        foreach (var word in counts)
            weight[word.Key] = Math.Log((1.0 + word.Count(label => label == "positive")) / (1.0 + word.Count(label => label == "negative")));

        var right = test.Count(sample => Words(sample.Text).Sum(word => weight.GetValueOrDefault(word)) > 0 == (sample.Label == "positive"));

        Assert.InRange(right / 400.0, 0.3, 0.75);
    }

    [Fact]
    public void Videos_are_small_frames_of_finite_brightness()
    {
        foreach (var (frames, label) in VideoSamples.Make(60, 3))
        {
            Assert.Contains(label, VideoSamples.Motions);
            Assert.InRange(frames.Length, 8, 14);
            Assert.All(frames, frame => Assert.Equal(VideoSamples.Side * VideoSamples.Side, frame.Length));
            Assert.All(frames.SelectMany(frame => frame), pixel => Assert.InRange(pixel, 0f, 1f));
        }
    }

    [Fact]
    public void No_motion_prefers_a_place_on_the_screen()
    {
        foreach (var motion in VideoSamples.Make(6_000, 4).GroupBy(sample => sample.Label))
        {
            var firsts = motion.Select(sample => sample.Frames[0]).ToList();
            for (var pixel = 0; pixel < 64; pixel++)
                Assert.InRange(firsts.Average(frame => frame[pixel]), 0.03, 0.12);
        }
    }
}
