using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RnnService.Demo;

/// <summary>One method for each shape: learns it, unless an earlier run did, and shows predictions on what it has not seen.</summary>
internal sealed class DemoSections(DemoClient client, DemoScreen screen, DemoCurl curl, string directory, CancellationToken stopping)
{
    /// <summary>One to one.</summary>
    public async Task VectorsAsync()
    {
        await LearnAsync(DemoShapes.Vectors);
        var shown = FlowerSamples.Make(FlowerSamples.Labels.Count, seed: 15);
        var answers = await AskAsync(DemoShapes.Vectors, "classify", new { inputs = shown.Select(sample => sample.Features) });
        foreach (var (answer, sample) in answers.Zip(shown))
            screen.Verdict(answer, sample.Label, string.Join(", ", FlowerSamples.Measurements.Zip(sample.Features, (name, number) => string.Create(CultureInfo.InvariantCulture, $"{name} {number}"))));
        Repeat(DemoShapes.Vectors, "classify", new { inputs = shown.Take(1).Select(sample => sample.Features) });
    }

    /// <summary>One to many, with what each step was fed.</summary>
    public async Task CaptionsAsync()
    {
        await LearnAsync(DemoShapes.Captions);
        var scenes = DemoShapes.NewScenes;
        var answers = await AskAsync(DemoShapes.Captions, "generate", new { inputs = scenes.Select(scene => scene.Features) });
        Exact("captions", answers.Zip(scenes, (answer, scene) => Text(answer) == scene.Text));
        foreach (var (answer, scene) in answers.Zip(scenes).Take(3)) screen.Written(SceneSamples.Names(scene.Features), Text(answer), Text(answer) == scene.Text);
        var request = new { inputs = scenes.Take(1).Select(scene => scene.Features), trace = true };
        screen.Line("The first of them step by step, what is fed in and what comes out:");
        screen.Trace((await AskAsync(DemoShapes.Captions, "generate", request))[0]);
        Repeat(DemoShapes.Captions, "generate", request);
    }

    /// <summary>Many to one, with an explanation.</summary>
    public async Task SentencesAsync()
    {
        await LearnAsync(DemoShapes.Sentences);
        var answers = await AskAsync(DemoShapes.Sentences, "classify", new { inputs = SentenceSamples.Showcase.Select(sample => sample.Text) });
        screen.Line("Sentences it has not seen, in pairs of the same words:");
        foreach (var (answer, sample) in answers.Zip(SentenceSamples.Showcase)) screen.Verdict(answer, sample.Label, sample.Text);
        var request = new { inputs = new[] { "Although the music was dull, the film was wonderful." }, explain = true };
        screen.Line("One explained: what each word adds to the verdict, and the verdict so far:");
        screen.Explanation((await AskAsync(DemoShapes.Sentences, "classify", request))[0]);
        Repeat(DemoShapes.Sentences, "classify", request);
    }

    /// <summary>Many to one, over frames.</summary>
    public async Task VideosAsync()
    {
        await LearnAsync(DemoShapes.Videos);
        var shown = VideoSamples.Make(VideoSamples.Motions.Count, seed: 5);
        var body = $$"""{"inputs":[{{string.Join(",", shown.Select(sample => VideoSamples.ToJson(sample.Frames)))}}]}""";
        var answers = await client.PredictAsync(DemoShapes.Videos.Model, "classify", body, stopping);
        screen.Film(shown[4].Frames, VideoSamples.Side);
        screen.Line("That one and five more it has not seen:");
        foreach (var (answer, sample) in answers.Zip(shown)) screen.Verdict(answer, sample.Label, $"a video of {sample.Frames.Length} frames, moving {sample.Label}");
        var file = Path.Combine(directory, "demo-videos.json");
        await File.WriteAllTextAsync(file, body, stopping);
        screen.Command("Ask it yourself:", curl.Line(DemoShapes.Videos.Model, "classify", $"@{file}"));
    }

    /// <summary>Many to many, emitted once all is read, greedily and by a beam.</summary>
    public async Task DatesAsync()
    {
        await LearnAsync(DemoShapes.Dates);
        var dates = DemoShapes.NewDates;
        var greedy = await AskAsync(DemoShapes.Dates, "generate", new { inputs = dates.Select(date => date.Source) });
        Exact("dates, greedy,", greedy.Zip(dates, (answer, date) => Text(answer) == date.Target));
        var beam = await AskAsync(DemoShapes.Dates, "generate", new { inputs = dates.Select(date => date.Source), beam_width = 4 });
        Exact("dates, with a beam of 4,", beam.Zip(dates, (answer, date) => Text(answer) == date.Target));
        foreach (var (answer, date) in greedy.Zip(dates).Take(5)) screen.Written(date.Source, Text(answer), Text(answer) == date.Target);
        Repeat(DemoShapes.Dates, "generate", new { inputs = new[] { dates[0].Source }, beam_width = 4, n = 2 });
    }

    /// <summary>Many to many, labelled as frames arrive.</summary>
    public async Task SignalsAsync()
    {
        await LearnAsync(DemoShapes.Signals);
        var (frames, labels) = SignalSamples.Make(1, seed: 16)[0];
        screen.Line("A signal over a WebSocket; each label came before the next frame was sent:");
        var step = 0;
        await foreach (var answer in client.LabelAsync(DemoShapes.Signals.Model, frames.Take(14).Select(SignalSamples.ToJson), stopping))
            screen.Verdict(answer, labels[step], SignalSamples.ToJson(frames[step++]));
        Repeat(DemoShapes.Signals, "label", new { inputs = new[] { frames.Take(4) } });
    }

    /// <summary>A language model, and what it writes.</summary>
    public async Task RhymesAsync()
    {
        await LearnAsync(DemoShapes.Rhymes);
        var request = new { inputs = new[] { "The " }, max_tokens = 240, temperature = 0.7, seed = 7 };
        screen.Line("It goes on from 'The ', with the seed 7:");
        screen.Verse("The " + Text((await AskAsync(DemoShapes.Rhymes, "generate", request))[0]));
        Repeat(DemoShapes.Rhymes, "generate", request);
    }

    /// <summary>A network that forgets, why, and one that its advice made.</summary>
    public async Task LettersAsync()
    {
        var shape = DemoShapes.Letters;
        await LearnAsync(shape);
        screen.Line("What is left of the gradient so many steps before the last one:");
        screen.Flow(await client.GradientFlowAsync(shape.Model, stopping));
        if ((await NewestAsync(shape)).GetProperty("version").GetInt32() == 1)
        {
            var id = await client.ApplyAdviceAsync(shape.Model, stopping);
            await screen.ProgressAsync(shape.Model, update => client.WatchAsync(id, update, stopping));
        }

        screen.Line("The advice applied, and nothing else changed:");
        Show(shape, await NewestAsync(shape));
        screen.Command("See it yourself:", curl.Line($"training-jobs/{shape.Model}/gradient-flow"));
    }

    private async Task<JsonElement> NewestAsync(DemoShape shape) => (await client.NewestVersionAsync(shape.Model, stopping))!.Value;

    private void Show(DemoShape shape, JsonElement version) => screen.Trained(shape.Model, version.GetProperty("version").GetInt32(), version.GetProperty("metrics").GetProperty("test"));

    private async Task LearnAsync(DemoShape shape)
    {
        screen.Section(shape.Title, shape.Explanation);
        foreach (var dataset in (DemoDataset[])[shape.Train, shape.Test])
        {
            var (rows, reused) = await client.EnsureDatasetAsync(shape.Task, dataset, stopping);
            screen.Line(string.Create(CultureInfo.InvariantCulture, $"Dataset {dataset.Name}: {rows:N0} {(rows == 1 ? "row" : "rows")} {(reused ? "(from an earlier run)" : "uploaded")}"));
        }

        if (await client.NewestVersionAsync(shape.Model, stopping) is null)
        {
            var request = JsonSerializer.SerializeToNode(shape.Choices)!.AsObject();
            foreach (var (name, value) in ((string, string)[])[("dataset", shape.Train.Name), ("test_dataset", shape.Test.Name), ("model", shape.Model), ("name", shape.Model)])
                request.Add(name, JsonValue.Create(value));
            var id = await client.StartAsync(shape.Model, request, stopping);
            await screen.ProgressAsync(shape.Model, update => client.WatchAsync(id, update, stopping));
        }

        Show(shape, await NewestAsync(shape));
    }

    private Task<IReadOnlyList<JsonElement>> AskAsync(DemoShape shape, string verb, object request) =>
        client.PredictAsync(shape.Model, verb, JsonSerializer.Serialize(request), stopping);

    private void Repeat(DemoShape shape, string verb, object request) => screen.Command("Ask it yourself:", curl.Line(shape.Model, verb, $"'{JsonSerializer.Serialize(request)}'"));

    private void Exact(string what, IEnumerable<bool> right)
    {
        var all = right.ToList();
        screen.Line($"Of {all.Count} {what} {all.Count(exact => exact)} are exactly right.");
    }

    private static string Text(JsonElement answer) => answer.GetProperty("text").GetString()!;
}
