using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace RnnService.Demo;

/// <summary>What the demo shows: colours and a moving bar on a terminal, plain lines elsewhere.</summary>
internal sealed class DemoScreen(IAnsiConsole console)
{
    private const string Shades = " .:-=+*#%@";
    private const int FramesShown = 7;

    // Where no terminal wraps lines, Spectre shall not either.
    private const int Endless = 10_000;

    private bool IsInteractive => console.Profile.Capabilities.Interactive && console.Profile.Capabilities.Ansi;

    /// <summary>The first lines.</summary>
    public void Begin(string address, string directory)
    {
        if (!IsInteractive) console.Profile.Width = Endless;
        Raw("");
        console.MarkupLine("[bold]RnnService demo[/]");
        Raw($"Serving on {address}, data in {directory}.");
        Raw("All that follows goes over HTTP, as yours would.");
    }

    /// <summary>The beginning of a part.</summary>
    public void Section(string title, string explanation)
    {
        Raw("");
        console.MarkupLine($"[bold aqua]{Markup.Escape(title)}[/]");
        Raw(explanation);
    }

    /// <summary>A line as it is.</summary>
    public void Line(string text) => Raw($"  {text}");

    /// <summary>Shows a job's progress until it ends.</summary>
    /// <param name="model">The model it trains.</param>
    /// <param name="watch">Calls its argument with the job again and again until it ends.</param>
    public async Task ProgressAsync(string model, Func<Action<JsonElement>, Task> watch)
    {
        if (!IsInteractive)
        {
            var last = 0;
            await watch(job =>
            {
                var (epoch, text) = Describe(job);
                if (epoch > last) Line($"Training {model}: {text}");
                last = Math.Max(last, epoch);
            });
            return;
        }

        var progress = console.Progress().AutoClear(true).Columns(
            new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 }, new PercentageColumn(), new ElapsedTimeColumn());
        await progress.StartAsync(async context =>
        {
            var bar = context.AddTask($"  Training {model}", maxValue: 1);
            await watch(job =>
            {
                bar.Value = job.GetProperty("status").GetString() == "succeeded" ? 1 : job.GetProperty("progress").GetProperty("fraction").GetDouble();
                bar.Description = $"  Training {model}: {Markup.Escape(Describe(job).Text)}";
            });
        });
    }

    /// <summary>What a model reached on its test set.</summary>
    public void Trained(string model, int version, JsonElement metrics) =>
        console.MarkupLine($"  Model {Markup.Escape(model)}:{version} on rows it has not seen: [bold green]{Markup.Escape(Figures(metrics))}[/]");

    /// <summary>One prediction, and whether it is right.</summary>
    public void Verdict(JsonElement prediction, string expected, string input)
    {
        var label = prediction.GetProperty("label").GetString()!;
        var width = prediction.TryGetProperty("scores", out var scores) ? scores.EnumerateObject().Max(score => score.Name.Length) : label.Length;
        var colour = label == expected ? "green" : "red";
        console.MarkupLine(string.Create(CultureInfo.InvariantCulture,
            $"  [{colour}]{Markup.Escape(label).PadRight(width)}[/] {100 * prediction.GetProperty("score").GetDouble(),5:0.0} % {Markup.Escape(input)}"));
    }

    /// <summary>One text that was written for an input, and whether it is right.</summary>
    public void Written(string input, string text, bool isRight) =>
        console.MarkupLine($"  {Markup.Escape(input)} → [{(isRight ? "green" : "red")}]{Markup.Escape(text)}[/]");

    /// <summary>What was fed in at each step of a text, and what came out.</summary>
    public void Trace(JsonElement text)
    {
        foreach (var step in text.GetProperty("steps").EnumerateArray())
            Line(string.Create(CultureInfo.InvariantCulture,
                $"  {step.GetProperty("fed").GetString(),-20} → {step.GetProperty("token").GetString(),-8} {100 * Math.Exp(step.GetProperty("log_probability").GetDouble()),5:0.0} %"));
    }

    /// <summary>What each token adds to a verdict, and the verdict after it.</summary>
    public void Explanation(JsonElement prediction)
    {
        foreach (var (attribution, running) in prediction.GetProperty("attributions").EnumerateArray().Zip(prediction.GetProperty("running").EnumerateArray()))
            Line(string.Create(CultureInfo.InvariantCulture,
                $"  {attribution.GetProperty("token").GetString(),-12} {Math.Round(attribution.GetProperty("attribution").GetDouble(), 2),6:+0.00;-0.00;0.00} nats → {running.GetProperty("label").GetString()} {100 * running.GetProperty("score").GetDouble():0.0} %"));
    }

    /// <summary>What is left of a gradient on its way back, one line every ten steps: a character for every factor of ten.</summary>
    public void Flow(JsonElement point)
    {
        double[] norms = [.. point.GetProperty("lag_gradient_norm").EnumerateArray().Select(norm => norm.GetDouble())];
        for (var lag = 0; lag < norms.Length; lag += 10)
        {
            var left = norms[lag] / norms[0];
            Line(string.Create(CultureInfo.InvariantCulture, $"  {lag,3} steps back {left,8:0.0E+0} {new string('█', (int)Math.Clamp(16 + Math.Log10(left), 0, 20))}"));
        }

        console.MarkupLine($"  Verdict: [bold]{Markup.Escape(point.GetProperty("verdict").GetString()!)}[/]");
        if (point.GetProperty("advice").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } advice)
            Line($"Advice {advice.GetProperty("code").GetString()}: {advice.GetProperty("evidence").GetString()}");
    }

    /// <summary>A text of several lines.</summary>
    public void Verse(string text)
    {
        foreach (var line in text.Split('\n')) Line($"  {line}");
    }

    /// <summary>Some frames of a video, side by side.</summary>
    public void Film(float[][] frames, int side)
    {
        for (var row = 0; row < side; row++)
            Raw("    " + string.Join("  ", frames.Take(FramesShown).Select(frame => new string([.. frame.Skip(row * side).Take(side).Select(Shade)]))));
    }

    /// <summary>A command to copy: never wrapped.</summary>
    public void Command(string title, string command)
    {
        Line(title);
        Raw($"  {command}");
    }

    /// <summary>The last lines.</summary>
    public void End(string address)
    {
        Raw("");
        console.MarkupLine("[bold]Still serving.[/]");
        Raw($"Try every operation at {address}/swagger. Ctrl+C stops; the next demo uses what this one made.");
    }

    /// <summary>Why the demo ends early.</summary>
    public void Fail(string reason)
    {
        console.MarkupLine("[bold red]The demo cannot go on.[/]");
        Raw(reason);
    }

    private static (int Epoch, string Text) Describe(JsonElement job)
    {
        var progress = job.GetProperty("progress");
        var epoch = progress.GetProperty("epoch").GetInt32();
        var text = $"epoch {epoch} of {progress.GetProperty("epochs").GetInt32()}";
        return (epoch, job.GetProperty("metrics").TryGetProperty("validation", out var validation) ? $"{text}, {Figures(validation)} on held-out rows" : text);
    }

    // Where text is emitted, its single tokens being right says little.
    private static string Figures(JsonElement metrics)
    {
        double figure(string name) => metrics.GetProperty(name).GetDouble();
        bool has(string name) => metrics.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number;
        return has("bleu") ? string.Create(CultureInfo.InvariantCulture, $"BLEU {100 * figure("bleu"):0.0}")
            : has("perplexity") ? string.Create(CultureInfo.InvariantCulture, $"perplexity {figure("perplexity"):0.00}")
            : string.Create(CultureInfo.InvariantCulture, $"{100 * figure("accuracy"):0.0} % right");
    }

    private static char Shade(float light) => Shades[(int)(Math.Clamp(light, 0, 0.999f) * Shades.Length)];

    // Past Spectre, which would wrap what is wider than the terminal.
    private void Raw(string text) => console.Profile.Out.Writer.WriteLine(text);
}
