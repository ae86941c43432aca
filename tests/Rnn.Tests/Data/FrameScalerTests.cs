using Rnn.Data;

namespace Rnn.Tests.Data;

public sealed class FrameScalerTests
{
    private static readonly Sequence[] s_frames =
        [.. Enumerable.Range(0, 20).Select(i => Sequence.OfFrames([.. Kernels.Widths.Random(30, i).Select((v, j) => (j % 3) switch { 0 => v * 100 + 1000, 1 => v * 0.01f, _ => 7f })], 3))];

    [Theory]
    [InlineData(Scaling.Standard)]
    [InlineData(Scaling.Robust)]
    public void Every_feature_gets_mean_0_and_deviation_1_and_a_constant_one_stays_constant(Scaling kind)
    {
        var scaler = FrameScaler.Fit(s_frames, kind);
        for (var feature = 0; feature < 3; feature++)
        {
            var column = s_frames.SelectMany(s => scaler.Apply(s).Frames.ToArray().Where((_, i) => i % 3 == feature)).Select(v => (double)v).ToArray();
            Assert.Equal(0, column.Average(), 1e-4);
            Assert.Equal(feature == 2 ? 0 : 1, Math.Sqrt(column.Average(v => v * v)), 1e-4);
        }
    }

    [Fact]
    public void Robust_scaling_takes_the_weight_from_outliers_but_keeps_their_order()
    {
        var with = FrameScaler.Fit([.. s_frames, Sequence.OfFrames([1e9f, 0, 7], 3)], Scaling.Robust);
        var values = new[] { 900f, 1000, 1100, 1e6f, 1e9f }.Select(v => with.Apply(Sequence.OfFrames([v, 0, 7], 3)).Frames.ToArray()[0]).ToArray();
        Assert.Equal(values.Order(), values);
        Assert.True(values[2] - values[0] > 1, "ordinary values keep their spread");
        Assert.True(values[4] < 30);
    }

    [Theory]
    [InlineData(1e-13f, Scaling.Standard)]
    [InlineData(1e-13f, Scaling.Robust)]
    [InlineData(1e-30f, Scaling.Standard)]
    [InlineData(1e30f, Scaling.Robust)]
    public void A_feature_is_scaled_whatever_its_unit(float unit, Scaling kind)
    {
        Sequence[] inUnit(float unit) => [.. Enumerable.Range(0, 40).Select(i => Sequence.OfFrames([unit * (i % 7), 1_700_000_000], 2))];
        var (want, got) = (FrameScaler.Fit(inUnit(1), kind), FrameScaler.Fit(inUnit(unit), kind));
        Assert.All(inUnit(1).Zip(inUnit(unit)), pair =>
        {
            Assert.Equal(want.Apply(pair.First).Frames.Span[0], got.Apply(pair.Second).Frames.Span[0], 1e-5f);
            Assert.Equal(0, got.Apply(pair.Second).Frames.Span[1]);
        });
    }

    [Fact]
    public void Robust_scaling_takes_a_mark_for_no_data()
    {
        var frames = Enumerable.Range(0, 40).Select(i => Sequence.OfFrames([i == 7 ? -3.4028235e38f : i == 8 ? 3e38f : 0.01f * i, i], 2)).ToArray();
        var scaler = FrameScaler.FromJson(FrameScaler.Fit(frames, Scaling.Robust).ToJson());
        Assert.All(frames, frame => Assert.All(scaler.Apply(frame).Frames.ToArray(), value => Assert.InRange(value, -10, 10)));
    }

    [Theory]
    [InlineData(Scaling.None)]
    [InlineData(Scaling.Standard)]
    [InlineData(Scaling.Robust)]
    public void Saved_as_json_it_scales_to_the_same_bits(Scaling kind)
    {
        var scaler = FrameScaler.Fit(s_frames, kind);
        var again = FrameScaler.FromJson(scaler.ToJson());
        Assert.All(s_frames, s => Kernels.Widths.AssertSameBits(scaler.Apply(s).Frames.ToArray(), again.Apply(s).Frames.ToArray(), "scaled"));
        if (kind == Scaling.None) Assert.Equal(s_frames[0].Frames.ToArray(), scaler.Apply(s_frames[0]).Frames.ToArray());
    }

    [Fact]
    public void Frames_of_another_size_and_broken_json_are_refused()
    {
        var scaler = FrameScaler.Fit(s_frames, Scaling.Standard);
        Assert.Throws<ArgumentException>(() => scaler.Apply(Sequence.OfFrames([1, 2], 2)));
        Assert.Throws<InvalidDataException>(() => FrameScaler.FromJson("{"));
        Assert.Throws<InvalidDataException>(() => FrameScaler.FromJson("null"));
        Assert.Throws<InvalidDataException>(() => FrameScaler.FromJson("{}"));
    }
}
