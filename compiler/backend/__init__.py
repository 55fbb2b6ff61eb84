"""An OpenTimelineIO timeline as one video file, by ffmpeg."""
